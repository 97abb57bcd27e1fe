//! What goes into the journal besides operations: who asked for what and why it was not done, and that production was opened.

use jiff::SignedDuration;

use super::{
    Engine,
    journal::{self, Entry, Event, Space},
    plan::Plan,
};
use crate::{
    action::Action,
    domain::{Exit, Identity, Policy, Refusal, SafeText},
    provider::role::Timer as _,
};

impl Engine {
    /// Writes down that an action was declined that somebody wanted done. What is so already was not declined, and a
    /// typing error asked for nothing. Where the line cannot be written, only the line is lost: nothing was sent.
    pub async fn declined(&self, action: &Action, refusal: &Refusal) {
        self.decline(action, vec![], refusal).await;
    }

    /// The same for an action of which a plan was made: it says whom the clusters take us for.
    pub(super) async fn declined_plan(&self, plan: &Plan, refusal: &Refusal) {
        let actor = plan.driving().iter().filter_map(|d| d.identity.clone()).collect();
        self.decline(plan.action(), actor, refusal).await;
    }

    async fn decline(&self, action: &Action, actor: Vec<Identity>, refusal: &Refusal) {
        if matches!(refusal.exit, Exit::Done | Exit::Usage | Exit::Journal) {
            return;
        }
        let target = action.target();
        let at = self.clock().now();
        let event = Event::Refused {
            command: action.to_argv().iter().map(|word| SafeText::clean(word)).collect(),
            service: Some(target.service.clone()),
            also: target.also.clone(),
            environment: Some(target.env.clone()),
            why: refusal.why.clone(),
            exit: refusal.exit,
        };
        let entry = Entry { at, op: journal::new_op(at), actor: actor.into_iter().chain(self.beside()).collect(), event };
        // Nothing was sent; the refusal itself is told in any case.
        self.note(vec![entry]).await.ok();
    }

    /// Whom the pipeline system takes us for, where it has said so by now. Nobody waits for that.
    pub(super) fn beside(&self) -> Option<Identity> {
        self.snapshot().pipelines.me.clone()
    }

    /// Writes down that a person has opened every production environment for what goes forward, for so long.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn armed(&self, span: SignedDuration) -> Result<(), Refusal> {
        let at = self.clock().now();
        let until = at.checked_add(span).unwrap_or(at);
        let topology = self.snapshot().topology.clone();
        let production = topology.environments.iter().filter(|e| e.policy == Policy::Production && !e.readonly);
        let opened = production.map(|e| Event::Armed { environment: e.name.clone(), until });
        let actor: Vec<Identity> = self.beside().into_iter().collect();
        self.note(opened.map(|event| Entry { at, op: journal::new_op(at), actor: actor.clone(), event }).collect()).await
    }

    async fn note(&self, entries: Vec<Entry>) -> Result<(), Refusal> {
        self.desk.keep.with(move |journal| journal.append(&entries, Space::Ordinary)).await.map(drop)
    }
}
