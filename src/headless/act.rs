//! Actions from the command line. This build plans and shows; it applies nothing.

use std::io;

use serde::Serialize;

use super::{PATIENCE, Printer};
use crate::{
    action::Action,
    domain::{Exit, Refusal},
    engine::{
        Engine,
        plan::{Guard, Plan},
    },
};

#[derive(Serialize)]
struct PlanRoot<'a> {
    schema: &'static str,
    at: jiff::Timestamp,
    changed: bool,
    command: String,
    tier: u8,
    plan: &'a Plan,
}

/// Plans an action and prints the plan. Without `dry_run` it is refused after the plan is printed: nothing in this
/// build sends a change.
pub async fn act(engine: &Engine, action: &Action, guard: Guard, dry_run: bool, printer: &mut Printer) -> io::Result<Exit> {
    let s = engine.settled(PATIENCE).await;
    let plan = match engine.plan(action, guard).await {
        Ok(plan) => plan,
        Err(refusal) => return Ok(Printer::refusal(&refusal)),
    };
    let command = action.command_line();
    let root = PlanRoot { schema: "gonogo/v1/plan", at: s.at, changed: false, command, tier: plan.consent().tier(), plan: &plan };
    printer.answer(&root, || text(&plan, &root.command))?;
    if dry_run {
        return Ok(Exit::Done);
    }
    let refusal =
        Refusal::new("this build plans changes and does not send them").hint("--dry-run shows the plan and ends with 0");
    Ok(Printer::refusal(&refusal))
}

/// The plan for people: where, from, to, what is sent, how it is guarded, and the same by hand.
fn text(plan: &Plan, command: &str) -> String {
    let mut out = format!("{}\n", plan.title());
    for (name, value) in [
        ("where", plan.place()),
        ("from", plan.from()),
        ("to", plan.to()),
        ("owner", plan.owner()),
        ("undo", plan.inverse()),
        ("stays", plan.not_reverted()),
    ] {
        out.push_str(&format!("  {name:<8}{value}\n"));
    }
    out.push_str(&format!("  {:<8}{}\n", "guard", plan.guarantee()));
    for m in plan.moves() {
        for r in &m.requests {
            out.push_str(&format!("  {:<8}{} {}  ({})\n          {}\n", "sends", r.verb, r.path, m.target.cluster, r.body));
            out.push_str(&format!("  {:<8}{}\n", "by hand", r.by_hand));
        }
    }
    out.push_str(&format!("  {:<8}{command}\n", "same as"));
    out
}
