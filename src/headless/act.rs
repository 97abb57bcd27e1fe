//! Actions from the command line: plan, show, consent, apply, and follow to the end.

use std::{io, path::PathBuf, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{
    PATIENCE, Printer,
    consent::{ConsentArgs, Denied, consent},
    plan_text, print, saved, say,
};
use crate::{
    action::{Action, Verb},
    domain::{Exit, OpId, Refusal, SafeText},
    engine::{
        Engine, Given, Running,
        operation::Progress,
        plan::{Guard, Plan},
    },
    provider::role::Timer as _,
};

/// What the command line says besides the action.
#[derive(Debug, Clone, Default)]
pub struct ActArgs {
    /// What limits every plan.
    pub guard: Guard,
    /// Show the plan, and do nothing.
    pub dry_run: bool,
    /// Write the plan to this file, and do nothing.
    pub save_plan: Option<PathBuf>,
    /// Consent, as far as options give it.
    pub consent: ConsentArgs,
    /// Why this process may change nothing at all: it runs for a pull request from a fork.
    pub barred: Option<SafeText>,
    /// Told when somebody asks the command to end: nothing new is sent from then on.
    pub stop: CancellationToken,
}

impl ActArgs {
    /// Whether the plan is to be applied, and not only shown or kept.
    fn applies(&self) -> bool {
        !self.dry_run && self.save_plan.is_none()
    }
}

/// How long an answer to what was sent last is waited for when the command is asked to end, of real time.
const LAST: Duration = Duration::from_secs(10);

/// `gonogo/v1/plan` of what was shown, `gonogo/v1/act` of what was applied.
#[derive(Serialize)]
struct ActRoot<'a> {
    schema: &'static str,
    at: Timestamp,
    /// Whether anything was changed; null where that is not known.
    changed: Option<bool>,
    /// How the program ends; null where nothing was asked for but the plan.
    outcome: Option<Exit>,
    command: String,
    tier: u8,
    hash: String,
    plan: &'a Plan,
    /// How the operation stands, where one was begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a Progress>,
    problems: Vec<print::Told<'a>>,
}

impl<'a> ActRoot<'a> {
    fn shown(plan: &'a Plan, at: Timestamp, refused: Option<&'a Refusal>) -> Self {
        Self {
            schema: "gonogo/v1/plan",
            at,
            changed: Some(false),
            outcome: refused.map(|r| r.exit),
            command: plan.command_line(),
            tier: plan.consent().tier(),
            hash: plan.hash().to_string(),
            plan,
            operation: None,
            problems: refused.iter().map(|r| print::Told::of(r)).collect(),
        }
    }
}

/// Plans an action, prints the plan, and applies it where consent is given.
pub async fn act(engine: &Engine, action: &Action, args: &ActArgs, printer: &mut Printer) -> io::Result<Exit> {
    if let Some(refusal) = barred(args) {
        return Ok(printer.declined(action, &refusal));
    }
    let planned = until(&args.stop, async {
        ready(engine, action, args).await;
        noted(engine, action, args, engine.plan(action, args.guard).await).await
    });
    match planned.await {
        Some(Ok(plan)) => go(engine, &plan, args, printer).await,
        Some(Err(refusal)) => Ok(printer.declined(action, &refusal)),
        None => Ok(nothing_sent(engine, printer).await),
    }
}

/// Has it written down that what was to be done is declined.
async fn noted<T>(engine: &Engine, action: &Action, args: &ActArgs, made: Result<T, Refusal>) -> Result<T, Refusal> {
    if let Err(refusal) = &made
        && args.applies()
    {
        engine.declined(action, refusal).await;
    }
    made
}

/// Does something unless the command is asked to end before.
async fn until<T>(stop: &CancellationToken, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        done = work => Some(done),
    }
}

/// The command was asked to end before anything was sent for it. What of earlier operations was being settled is let go
/// of: it stays in the journal.
async fn nothing_sent(engine: &Engine, printer: &mut Printer) -> Exit {
    engine.hang_up(LAST).await;
    printer.refusal(&Refusal::new("interrupted: nothing was sent").exit(Exit::Interrupted))
}

/// Applies a plan that was saved, in the world that it was made for.
pub async fn apply(engine: &Engine, file: &std::path::Path, args: &ActArgs, printer: &mut Printer) -> io::Result<Exit> {
    if args.save_plan.is_some() {
        // Elsewhere it promises that nothing is done.
        let refusal = Refusal::new("apply carries a saved plan out, and --save-plan only writes one");
        return Ok(printer.refusal(&refusal.hint("leave --save-plan out, or plan anew").exit(Exit::Usage)));
    }
    if let Some(refusal) = barred(args) {
        return Ok(printer.refusal(&refusal));
    }
    let planned = until(&args.stop, async {
        let saved = saved::Saved::read(file)?;
        let action = saved.action()?;
        ready(engine, &action, args).await;
        noted(engine, &action, args, saved.again(engine, args.guard).await).await
    });
    match planned.await {
        Some(Ok(plan)) => go(engine, &plan, args, printer).await,
        Some(Err(refusal)) => Ok(printer.refusal(&refusal)),
        None => Ok(nothing_sent(engine, printer).await),
    }
}

fn barred(args: &ActArgs) -> Option<Refusal> {
    // To look is always allowed.
    let why = args.barred.as_ref().filter(|_| args.applies())?;
    Some(Refusal::new(why.as_str()).hint("--dry-run shows the plan"))
}

/// Waits until what an action is planned on is known. Going back waits for the clusters of its environment and for
/// nothing else; going forward for everything, and for what other processes left open. To settle that may take a write,
/// which is not for who only wants to see a plan.
async fn ready(engine: &Engine, action: &Action, args: &ActArgs) {
    let target = action.target();
    if Verb::from(action).goes_back() {
        engine.read(target, PATIENCE).await;
        return;
    }
    engine.settled(PATIENCE).await;
    if !args.applies() {
        return;
    }
    if let Ok(left) = engine.recover().await {
        for mut running in left {
            say(&format!("settling operation {}, which was left open", running.op), None);
            tokio::time::timeout(PATIENCE, follow(engine, &mut running, false)).await.ok();
        }
    }
}

async fn go(engine: &Engine, plan: &Plan, args: &ActArgs, printer: &mut Printer) -> io::Result<Exit> {
    let now = engine.clock().now();
    if let Some(file) = &args.save_plan {
        if let Err(refusal) = saved::Saved::of(plan, now).write(file) {
            return Ok(printer.declined(plan.action(), &refusal));
        }
        say(&format!("saved to {}; gonogo apply carries it out until {}", file.display(), plan.expires()), None);
    }
    if !args.applies() {
        printer.answer(&ActRoot::shown(plan, now, None), || plan_text::text(plan))?;
        return Ok(Exit::Done);
    }
    if printer.is_human() {
        printer.raw(&plan_text::text(plan))?;
    }
    // Whoever asks at a terminal waits for a person there, and must hear a signal all the same.
    let asked = tokio::task::spawn_blocking({
        let (plan, args) = (plan.clone(), args.consent.clone());
        move || consent(&plan, &args)
    });
    let Some(asked) = until(&args.stop, asked).await else { return Ok(nothing_sent(engine, printer).await) };
    let carried_out = match asked.map_err(io::Error::other)?? {
        Ok(given) => carry_out(engine, plan, given, &args.stop).await,
        Err(Denied::Refused(refusal)) => noted(engine, plan.action(), args, Err(refusal)).await,
        Err(Denied::No(refusal)) => Err(refusal),
    };
    let progress = match carried_out {
        Ok(progress) => progress,
        Err(refusal) => {
            say(&refusal.why.to_string(), refusal.hint.as_ref().map(ToString::to_string));
            printer.answer(&ActRoot::shown(plan, now, Some(&refusal)), String::new)?;
            return Ok(refusal.exit);
        }
    };
    let outcome = progress.as_ref().and_then(|p| p.outcome.as_ref());
    let told = outcome.map(|o| o.exit).filter(|exit| *exit != Exit::Interrupted);
    let left = if told.is_none() { Some(left(engine, plan.id()).await) } else { None };
    let exit = left.as_ref().map(|l| l.exit).or(told).unwrap_or(Exit::Unknown);
    // What was asked to end and has not ended in time may have changed something, unless nothing was sent.
    let unended = (exit == Exit::Interrupted).then_some(false);
    let root = ActRoot {
        schema: "gonogo/v1/act",
        changed: outcome.map_or(unended, |o| o.changed),
        outcome: Some(exit),
        operation: progress.as_ref(),
        ..ActRoot::shown(plan, engine.clock().now(), left.as_ref())
    };
    let printed = printer.answer(&root, || progress.as_ref().map(ended).unwrap_or_default());
    if let Some(Refusal { why, hint, .. }) = &left {
        // The terminal may be gone: the exit code speaks.
        say(&why.to_string(), hint.as_ref().map(ToString::to_string));
    } else {
        printed?;
    }
    Ok(exit)
}

/// Carries a plan out and follows it to its end. Once the command is asked to end nothing new is sent; what was sent last
/// is waited for. `None` where it has not ended in time.
async fn carry_out(engine: &Engine, plan: &Plan, given: Given, stop: &CancellationToken) -> Result<Option<Progress>, Refusal> {
    let work = async {
        let mut running = engine.apply(plan, given).await?;
        Ok(follow(engine, &mut running, true).await)
    };
    tokio::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => done.map(Some),
        () = stop.cancelled() => {
            say("interrupted: nothing new is sent; waiting for the answer to what was sent last", None);
            engine.hang_up(LAST).await;
            tokio::time::timeout(LAST, &mut work).await.ok().transpose()
        }
    }
}

/// What an operation that was interrupted leaves behind, by the journal's word.
async fn left(engine: &Engine, op: &OpId) -> Refusal {
    let open = engine.operation(op.as_str()).await.map_or(true, |found| found.is_some_and(|o| o.is_open()));
    if !open {
        return Refusal::new("interrupted: nothing was sent").exit(Exit::Interrupted);
    }
    Refusal::new("interrupted: what was sent stays open until it is known what became of it")
        .hint(format!("gonogo op show {op} tells how it stands, and gonogo op wait {op} finds out"))
        .exit(Exit::Unknown)
}

/// Follows an operation to its end, and tells each new state of it on standard error.
pub(super) async fn follow(engine: &Engine, running: &mut Running, tell: bool) -> Progress {
    /// A clock that stands is moved so often, and so far.
    const TICK: Duration = Duration::from_millis(20);
    const STEP: SignedDuration = SignedDuration::from_millis(250);
    let mut told = SafeText::clean("");
    loop {
        let progress = running.progress.borrow_and_update().clone();
        let line = progress.line();
        if tell && !progress.ended() && line != told {
            say(&line.to_string(), None);
            told = line;
        }
        if progress.ended() {
            return progress;
        }
        if engine.clock().stands() {
            tokio::time::timeout(TICK, running.progress.changed()).await.ok();
            engine.clock().advance(STEP);
        } else if running.progress.changed().await.is_err() {
            return running.progress.borrow().clone();
        }
    }
}

/// How it ended, for people.
fn ended(progress: &Progress) -> String {
    let mut out = String::new();
    for t in &progress.targets {
        let words = if t.words.is_empty() { String::new() } else { format!(": {}", t.words) };
        out.push_str(&format!("  {}  {}{words}\n", t.target, t.state));
    }
    if let Some(outcome) = &progress.outcome {
        out.push_str(&format!("{}\n", outcome.sentence));
        outcome.hint.iter().for_each(|hint| out.push_str(&format!("  hint: {hint}\n")));
    }
    out.push_str(&format!("  operation {}\n", progress.op));
    out
}
