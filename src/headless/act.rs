//! Actions from the command line: plan, show, consent, apply, and follow to the end.

use std::{io, path::PathBuf, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{
    PATIENCE, Printer,
    consent::{ConsentArgs, consent},
    plan_text, print, saved, say,
};
use crate::{
    action::{Action, Verb},
    domain::{Exit, Refusal, SafeText},
    engine::{
        Engine, Running,
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
}

/// `gonogo/v1/plan` of what was shown, `gonogo/v1/act` of what was applied.
#[derive(Serialize)]
struct ActRoot<'a> {
    schema: &'static str,
    at: Timestamp,
    /// Whether anything was changed, as far as is known.
    changed: bool,
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
            changed: false,
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
        return Ok(printer.refusal(&refusal));
    }
    ready(engine, action).await;
    match engine.plan(action, args.guard).await {
        Ok(plan) => go(engine, &plan, args, printer).await,
        Err(refusal) => Ok(printer.refusal(&refusal)),
    }
}

/// Applies a plan that was saved, in the world that it was made for.
pub async fn apply(engine: &Engine, file: &std::path::Path, args: &ActArgs, printer: &mut Printer) -> io::Result<Exit> {
    if let Some(refusal) = barred(args) {
        return Ok(printer.refusal(&refusal));
    }
    let plan = match saved::Saved::read(file).and_then(|saved| Ok((saved.action()?, saved))) {
        Ok((action, saved)) => {
            ready(engine, &action).await;
            saved.again(engine, args.guard).await
        }
        Err(refusal) => Err(refusal),
    };
    match plan {
        Ok(plan) => go(engine, &plan, &ActArgs { save_plan: None, ..args.clone() }, printer).await,
        Err(refusal) => Ok(printer.refusal(&refusal)),
    }
}

fn barred(args: &ActArgs) -> Option<Refusal> {
    // To look is always allowed.
    let why = args.barred.as_ref().filter(|_| !args.dry_run && args.save_plan.is_none())?;
    Some(Refusal::new(why.as_str()).hint("--dry-run shows the plan"))
}

/// Waits until what an action is planned on is known. Going back waits for the clusters of its environment and for
/// nothing else; going forward for everything, and for what other processes left open.
async fn ready(engine: &Engine, action: &Action) {
    let target = action.target();
    if Verb::from(action).goes_back() {
        engine.read(target, PATIENCE).await;
        return;
    }
    engine.settled(PATIENCE).await;
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
            return Ok(printer.refusal(&refusal));
        }
        say(&format!("saved to {}; gonogo apply carries it out until {}", file.display(), plan.expires()), None);
    }
    if args.dry_run || args.save_plan.is_some() {
        printer.answer(&ActRoot::shown(plan, now, None), || plan_text::text(plan))?;
        return Ok(Exit::Done);
    }
    if printer.is_human() {
        printer.raw(&plan_text::text(plan))?;
    }
    let running = match consent(plan, &args.consent)? {
        Ok(given) => engine.apply(plan, given).await,
        Err(refusal) => Err(refusal),
    };
    let mut running = match running {
        Ok(running) => running,
        Err(refusal) => {
            say(&refusal.why.to_string(), refusal.hint.as_ref().map(ToString::to_string));
            printer.answer(&ActRoot::shown(plan, now, Some(&refusal)), String::new)?;
            return Ok(refusal.exit);
        }
    };
    let progress = follow(engine, &mut running, true).await;
    let exit = progress.outcome.as_ref().map_or(Exit::Unknown, |o| o.exit);
    let root = ActRoot {
        schema: "gonogo/v1/act",
        changed: progress.outcome.as_ref().is_none_or(|o| o.changed),
        outcome: Some(exit),
        operation: Some(&progress),
        ..ActRoot::shown(plan, engine.clock().now(), None)
    };
    printer.answer(&root, || ended(&progress))?;
    Ok(exit)
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
