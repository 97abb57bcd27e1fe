//! Puts the questions of a plan to the systems.

use std::sync::atomic::{AtomicU32, Ordering};

use futures::{StreamExt as _, stream};
use jiff::SignedDuration;

use super::{Answer, Guard, Kept, Looked, Plan, Planned, Question, Said, Told, plan, ways};
use crate::{
    action::{Action, Target},
    domain::{Change, ChangeTarget, ClusterName, ObjectKind, OpId, Problem, ProblemKind, Receipt, Refusal},
    engine::{Engine, journal},
    provider::role::{Timer as _, Workloads},
};

/// How often an object is looked at whose controller has yet to take note of a change, and how far apart: 2 s in all.
const LOOKS: u32 = 20;
const APART: SignedDuration = SignedDuration::from_millis(100);

/// How many questions are under way at a time: a plan for hundreds of services is no flood for a server.
const AT_ONCE: usize = 32;

/// How often an object is looked at anew that was written to between the look and the dry run.
const TRIES: u32 = 3;

/// The questions of one plan, under one id.
struct Asking<'a> {
    engine: &'a Engine,
    id: &'a OpId,
    /// How many reads went out.
    reads: AtomicU32,
}

impl Engine {
    /// Plans an action on the newest snapshot, asking the systems what must be asked. Changes nothing.
    ///
    /// # Errors
    /// Why it cannot be done now; with exit code 0 where it is done already.
    pub async fn plan(&self, action: &Action, guard: Guard) -> Result<Plan, Refusal> {
        self.plan_as(action, guard, journal::new_op(self.clock().now())).await
    }

    /// The same under an id that was given before.
    ///
    /// # Errors
    /// As of [`plan`](Self::plan).
    pub async fn plan_as(&self, action: &Action, guard: Guard, id: OpId) -> Result<Plan, Refusal> {
        let snapshot = self.snapshot();
        let told = Told { guard, id, at: self.clock().now(), kept: self.kept().await };
        let asking = Asking { engine: self, id: &told.id, reads: AtomicU32::new(0) };
        let mut answers: Vec<Answer> = vec![];
        loop {
            match plan(action, &snapshot, &told, &answers)? {
                Planned::Plan(plan) => return Ok(*plan),
                Planned::Need(questions) => {
                    let asked = stream::iter(questions.into_iter().map(|q| asking.ask(q))).buffered(AT_ONCE);
                    answers.extend(asked.collect::<Vec<Answer>>().await);
                }
            }
        }
    }

    /// The [ways](ways()) back for a target, on the newest snapshot and by what the journal knows. Asks no system.
    pub async fn ways(&self, target: &Target, guard: Guard) -> Vec<Action> {
        let told = Told { kept: self.kept().await, ..Told::asking(self.clock().now(), guard) };
        ways(target, &self.snapshot(), &told)
    }

    /// What is known from before; nothing where the journal cannot be read, for going back does not wait for a disk.
    async fn kept(&self) -> Kept {
        let kept = self.desk.keep.with(|journal| {
            journal.refresh()?;
            Ok(Kept::of(journal.operations()))
        });
        kept.await.unwrap_or_default()
    }

    /// The operation of that id, or the only one whose id begins so, as the journal has it.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn operation(&self, id: &str) -> Result<Option<journal::Operation>, Refusal> {
        let id = id.to_owned();
        let found = self.desk.keep.with(move |journal| {
            journal.refresh()?;
            let mut fits = journal.operations().all().filter(|o| o.id.as_str().starts_with(&id));
            let first = fits.next().cloned();
            Ok(first.filter(|_| fits.next().is_none()))
        });
        found.await
    }
}

impl Asking<'_> {
    async fn ask(&self, question: Question) -> Answer {
        let said = match &question {
            Question::Object { target, change } => {
                let looked = undisturbed(|| self.look(target, change)).await;
                looked.map(|looked| Said::Object(Box::new(looked)))
            }
            Question::Identity(cluster) => self.identity(cluster).await.map(Said::Identity),
            Question::Driver { cluster, lease } => match self.role(cluster) {
                Ok(role) => role.driver(lease).await.map(Said::Driver),
                Err(problem) => Err(problem),
            },
            Question::Template { target, of } => match self.role(&target.cluster) {
                Ok(role) => role.preflight(target, of, &self.audit()).await.map(Said::Template),
                Err(problem) => Err(problem),
            },
        };
        Answer { question, said }
    }

    fn role(&self, cluster: &ClusterName) -> Result<&dyn Workloads, Problem> {
        let role = self.engine.workloads(cluster);
        let role = role.ok_or_else(|| Problem::new(ProblemKind::Unreachable, format!("{cluster} cannot be reached")))?;
        Ok(&**role)
    }

    /// The id of the next read.
    fn audit(&self) -> String {
        self.id.read(self.reads.fetch_add(1, Ordering::Relaxed) + 1)
    }

    async fn identity(&self, cluster: &ClusterName) -> Result<crate::domain::Identity, Problem> {
        self.role(cluster)?.identity().await
    }

    /// Looks at an object, and lets the server try what would be sent.
    async fn look(&self, target: &ChangeTarget, change: &Change) -> Result<Looked, Problem> {
        let role = self.role(&target.cluster)?;
        let status = matches!(change, Change::Step { .. } | Change::Full { .. } | Change::Abort | Change::Retry);
        let mut left = LOOKS;
        let (seen, settled) = loop {
            let (seen, settled) = role.look(target, change, &self.audit()).await?;
            left -= 1;
            if seen.observed || !status || target.kind != ObjectKind::Rollout || left == 0 {
                break (seen, settled);
            }
            // A clock that stands would keep the controller waiting for ever.
            self.engine.clock().advance(APART);
            tokio::time::sleep(APART.unsigned_abs()).await;
        };
        let requests = role.render(target, change, &seen)?;
        let mut dry_run = Ok(Receipt { status: 200, resource_version: None });
        // What comes after the first is rendered for the world after it.
        if let Some(request) = requests.first() {
            dry_run = role.dry_run(target, request, &self.audit()).await;
        }
        Ok(Looked { seen, settled, requests, dry_run })
    }
}

/// Looks again while somebody writes between the look and the dry run: a controller does, and nobody has read the plan yet.
async fn undisturbed<L: Future<Output = Result<Looked, Problem>>>(mut look: impl FnMut() -> L) -> Result<Looked, Problem> {
    let mut left = TRIES;
    loop {
        let looked = look().await?;
        left -= 1;
        let met = matches!(&looked.dry_run, Err(problem) if problem.kind == ProblemKind::Conflict);
        if !met || left == 0 {
            return Ok(looked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Seen, Settled};

    #[tokio::test]
    async fn a_write_between_the_look_and_the_dry_run_is_looked_past() {
        for (kind, conflicts, looks, is_told) in [
            (ProblemKind::Conflict, 0, 1, false),
            (ProblemKind::Conflict, 2, 3, false),
            (ProblemKind::Conflict, 9, 3, true),
            (ProblemKind::Invalid, 9, 1, true),
        ] {
            let mut asked = 0;
            let looked = undisturbed(|| {
                asked += 1;
                let fine = Ok(Receipt { status: 200, resource_version: None });
                let dry_run = if asked > conflicts { fine } else { Err(Problem::new(kind, "another write")) };
                let (seen, settled) = (Seen::default(), Settled::Absent("".into()));
                std::future::ready(Ok(Looked { seen, settled, requests: vec![], dry_run }))
            });
            let told = looked.await.unwrap().dry_run.is_err();
            assert_eq!((asked, told), (looks, is_told), "{kind:?}, {conflicts} of them");
        }
    }
}
