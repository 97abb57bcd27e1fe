//! Consent to a plan on the command line: by options, or at a terminal, never by silence.

use std::io;

use super::{ask, say};
use crate::{
    domain::{Exit, Refusal, SafeText},
    engine::{
        Given,
        journal::Way,
        plan::{Plan, advice},
    },
};

/// What options say of consent.
#[derive(Debug, Clone, Default)]
pub struct ConsentArgs {
    /// `--yes`: the arming, and the `y`.
    pub yes: bool,
    /// `--confirm NAME`.
    pub confirm: Option<String>,
    /// `--reason TEXT`.
    pub reason: Option<SafeText>,
}

/// Why there is no consent.
#[derive(Debug)]
pub enum Denied {
    /// What was given is not enough.
    Refused(Refusal),
    /// The person at the terminal has looked, and said no.
    No(Refusal),
}

/// Asks for consent to a plan, where options do not give it already.
///
/// # Errors
/// The terminal cannot be read.
pub fn consent(plan: &Plan, args: &ConsentArgs) -> io::Result<Result<Given, Denied>> {
    let refused = |refusal| Ok(Err(Denied::Refused(refusal)));
    let name = plan.confirm_name();
    let typed = plan.consent().tier() == 3;
    let mut reason = args.reason.clone().filter(|r| !r.is_empty());
    let how = if args.yes {
        if let Some(refusal) = missing(plan, args, name) {
            return refused(refusal);
        }
        advise(plan, reason.as_ref());
        Way::Options
    } else {
        if !ask::somebody() {
            return refused(nobody(plan, name));
        }
        if typed {
            let said = ask::line(&format!("type {name} to go on: "))?;
            if said != name {
                return refused(Refusal::new("that is another name: nothing was sent"));
            }
        }
        if plan.asks_why() && reason.is_none() {
            let said = ask::line(if typed { "why? " } else { "why? (Enter for no word) " })?;
            reason = Some(SafeText::clean(&said)).filter(|r| !r.is_empty());
        }
        if typed && reason.is_none() {
            return refused(Refusal::new("a reason is needed: nothing was sent"));
        }
        // While it can still be weighed.
        advise(plan, reason.as_ref());
        match ask::ask(&format!("{}?", plan.title()), false)? {
            ask::Consent::Given => {}
            ask::Consent::Denied => return Ok(Err(Denied::No(Refusal::new("nothing was sent")))),
            ask::Consent::Nobody => return refused(nobody(plan, name)),
        }
        if typed { Way::TypedName } else { Way::Prompt }
    };
    Ok(Ok(Given::by(how).because(reason)))
}

/// Says what is to be said to a reason.
fn advise(plan: &Plan, reason: Option<&SafeText>) {
    if let Some(advice) = reason.and_then(|r| advice(plan.action(), r.as_str())) {
        say(advice, None);
    }
}

/// What is missing of the options that tier 3 asks for.
fn missing(plan: &Plan, args: &ConsentArgs, name: &str) -> Option<Refusal> {
    if plan.consent().tier() < 3 {
        return None;
    }
    let why: Vec<String> = plan.because().iter().map(ToString::to_string).collect();
    let refuse = |what: &str| {
        Some(Refusal::new(format!("{what}: {}", why.join("; "))).hint(format!("--yes --confirm {name} --reason TEXT")))
    };
    match &args.confirm {
        None => refuse("this takes the typed name"),
        Some(typed) if typed != name => refuse(&format!("--confirm names another than {name}")),
        Some(_) if args.reason.as_ref().is_none_or(SafeText::is_empty) => refuse("this takes a reason"),
        Some(_) => None,
    }
}

/// Nobody is there to ask.
fn nobody(plan: &Plan, name: &str) -> Refusal {
    let hint = match plan.consent().tier() {
        3 => format!("--yes --confirm {name} --reason TEXT consents; --dry-run shows the plan and ends with 0"),
        _ => "--yes consents; --dry-run shows the plan and ends with 0".to_owned(),
    };
    Refusal::new("consent is missing, and there is no terminal to ask at: nothing was sent").hint(hint).exit(Exit::Refused)
}
