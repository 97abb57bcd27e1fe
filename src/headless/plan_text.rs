//! A plan for people who read lines: where, from, to, what speaks against it, what is sent, and the same by hand.

use std::fmt::Write as _;

use crate::engine::plan::Plan;

/// The plan, one fact a line.
pub fn text(plan: &Plan) -> String {
    let mut out = format!("{}\n", plan.title());
    let mut row = |name: &str, value: &dyn std::fmt::Display| {
        // Writing into a string cannot fail.
        writeln!(out, "  {name:<8}{value}").ok();
    };
    plan.services().iter().for_each(|names| row("for", names));
    row("where", plan.place());
    // That it is done in part only is said before anything else.
    plan.left_out().iter().for_each(|words| row("partly", words));
    for d in plan.driving() {
        match (&d.identity, &d.problem) {
            (Some(i), _) => {
                let uid = i.uid.as_ref().map(|uid| format!(" ({uid})")).unwrap_or_default();
                row("who", &format!("{} on {}, {}{uid}", i.user, d.cluster, i.server));
            }
            (None, Some(problem)) => row("who", &format!("unknown on {}: {problem}", d.cluster)),
            (None, None) => {}
        }
    }
    row("from", plan.from());
    row("to", plan.to());
    plan.gates().iter().for_each(|gate| row("against", gate));
    plan.preflights().iter().for_each(|p| row("check", &format!("{} {}: {}", p.name, p.safety, p.words())));
    plan.accepts().iter().for_each(|contract| row("accepts", contract));
    plan.notes().iter().for_each(|note| row("note", note));
    row("hits", plan.blast());
    row("owner", plan.owner());
    match plan.undo() {
        Some(line) => row("undo", &format!("{}: {line}", plan.inverse())),
        None => row("undo", plan.inverse()),
    }
    row("stays", plan.not_reverted());
    row("guard", &plan.guarantee());
    for m in plan.moves() {
        for r in &m.requests {
            row("sends", &format!("{} {}  ({})\n          {}", r.verb, r.path, m.target.cluster, r.body));
            row("by hand", &r.by_hand);
        }
    }
    let needs = match plan.consent().tier() {
        1 | 2 => "y".to_owned(),
        _ => {
            let why: Vec<String> = plan.because().iter().map(ToString::to_string).collect();
            format!("the name {} typed, a reason, and y: {}", plan.confirm_name(), why.join("; "))
        }
    };
    row("needs", &needs);
    row("same as", &plan.command_line());
    out
}
