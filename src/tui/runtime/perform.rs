//! Does what `update` asked for.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
};

use crossterm::{Command as _, clipboard::CopyToClipboard};
use futures::{future::BoxFuture, stream::FuturesUnordered};

use crate::{
    action::Action,
    domain::{Refusal, SafeText, is_web},
    engine::{
        Engine,
        plan::{Guard, Plan},
    },
    tui::{
        effect::Effect,
        look::Look,
        message::Message,
        model::{Model, PlanCard},
        theme::Theme,
        update::update,
    },
};

/// A plan in the making.
pub type Planning<'a> = BoxFuture<'a, (Action, Result<Box<PlanCard>, Refusal>)>;

/// What the loop has to do itself.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    Go,
    /// Write this beside the frames.
    Write(Vec<u8>),
    /// Draw everything anew.
    Redraw,
    /// Go into the background.
    Suspend,
    /// End.
    Leave,
}

/// What lies outside the model.
pub struct Outside<'a> {
    /// How it looks.
    pub look: Look,
    /// Where the user's themes are.
    pub themes: Option<PathBuf>,
    /// The engine.
    pub engine: &'a Engine,
    /// What limits every plan.
    pub guard: Guard,
    /// What of the outside can be reached.
    pub reach: Reach,
}

/// What of the outside a link or a copy can reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// A display of this machine, where the person sits: a browser can be opened. Never over SSH.
    pub display: bool,
    /// A tmux in between, which passes sequences on only when they are wrapped.
    pub tmux: bool,
}

impl Reach {
    /// What the environment says.
    pub fn of(env: &BTreeMap<String, String>) -> Self {
        let set = |name: &str| env.get(name).is_some_and(|v| !v.is_empty());
        let graphical = cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY");
        Self { display: graphical && !Look::is_remote(env), tmux: set("TMUX") }
    }
}

impl<'a> Outside<'a> {
    /// Does an effect, or says what the loop has to do.
    pub fn perform(&mut self, effect: Effect, m: &mut Model, planning: &mut FuturesUnordered<Planning<'a>>) -> Next {
        match effect {
            Effect::Plan(action) => {
                update(m, Message::Said(format!("planning: {}", action.command_line()).into()));
                planning.push(self.plan(action));
                Next::Go
            }
            Effect::Theme(name) => {
                if let Err(why) = self.theme(m, &name) {
                    update(m, Message::Said(why));
                }
                Next::Go
            }
            Effect::Closely(runs) => {
                self.engine.look_closely(runs);
                Next::Go
            }
            Effect::Copy(lines) => Next::Write(copy(&lines, self.reach)),
            Effect::Open(url) => self.open(m, &url),
            Effect::Refresh => Next::Redraw,
            Effect::Suspend => Next::Suspend,
            Effect::Quit => Next::Leave,
        }
    }

    /// Plans: asks what must be asked, changes nothing.
    pub fn plan(&self, action: Action) -> Planning<'a> {
        let (engine, guard) = (self.engine, self.guard);
        Box::pin(async move {
            let planned = engine.plan(&action, guard).await.map(|plan| Box::new(card(&plan)));
            (action, planned)
        })
    }

    /// Opens an address where the person sits, else copies it.
    fn open(&self, m: &mut Model, url: &SafeText) -> Next {
        let words = |m: &mut Model, text: String| {
            update(m, Message::Said(text.into()));
        };
        if !is_web(url.as_str()) {
            words(m, format!("{url} is no address of the web"));
            return Next::Go;
        }
        if self.reach.display {
            let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
            let mut command = tokio::process::Command::new(program);
            // Its own group: what the terminal's keys end is not the browser.
            command.arg(url.as_str()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
            if command.spawn().is_ok() {
                words(m, format!("opened {url}"));
                return Next::Go;
            }
        }
        words(m, format!("no browser here, so it is in the clipboard: {url}"));
        Next::Write(copy(std::slice::from_ref(url), self.reach))
    }

    /// Changes the theme; one that cannot be read leaves the old one.
    pub fn theme(&mut self, m: &mut Model, name: &str) -> Result<(), SafeText> {
        let theme = Theme::load(name, self.themes.as_deref()).map_err(|e| SafeText::from(e.to_string()))?;
        let band = self.look.band;
        self.look = Look::new(theme, self.look.glyphs(), self.look.depth());
        self.look.band = band;
        name.clone_into(&mut m.theme);
        Ok(())
    }
}

/// The sequence that puts text into the clipboard of the person's own terminal, also over SSH.
fn copy(lines: &[SafeText], reach: Reach) -> Vec<u8> {
    let lines: Vec<&str> = lines.iter().map(SafeText::as_str).collect();
    let mut out = String::new();
    // Writing into a string cannot fail.
    CopyToClipboard::to_clipboard_from(lines.join("\n")).write_ansi(&mut out).ok();
    if reach.tmux {
        // Some set-ups of tmux take the sequence themselves, others pass on only what is wrapped: both are sent.
        let wrapped = format!("\x1bPtmux;{}\x1b\\", out.replace('\x1b', "\x1b\x1b"));
        out.push_str(&wrapped);
    }
    out.into_bytes()
}

/// Adds the themes of the user's folder to the built-in ones.
pub fn add_themes(names: &mut Vec<String>, folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut found: Vec<String> = entries
        .filter_map(|e| e.ok()?.path().file_name()?.to_str()?.strip_suffix(".toml").map(str::to_owned))
        .filter(|name| !names.contains(name))
        .collect();
    found.sort();
    names.append(&mut found);
}

/// The end of a path that says which object: `rollouts/payment/status`.
fn short(path: &str) -> &str {
    let path = path.split('?').next().unwrap_or(path);
    path.split_once("/namespaces/").and_then(|(_, rest)| rest.split_once('/')).map_or(path, |(_, object)| object)
}

/// A plan in the words of the dialog.
pub fn card(plan: &Plan) -> PlanCard {
    let mut rows: Vec<(&'static str, SafeText)> =
        vec![("where", plan.place().clone()), ("from", plan.from().clone()), ("to", plan.to().clone())];
    // In short what is sent where; word for word below, for those who scroll.
    let mut sends: Vec<(String, Vec<&str>)> = vec![];
    for (m, r) in plan.moves().iter().flat_map(|m| m.requests.iter().map(move |r| (m, r))) {
        let what = format!("{} {}", r.verb, short(r.path.as_str()));
        match sends.iter_mut().find(|(known, _)| *known == what) {
            Some((_, clusters)) => clusters.push(m.target.cluster.as_str()),
            None => sends.push((what, vec![m.target.cluster.as_str()])),
        }
    }
    for (at, (what, clusters)) in sends.iter().enumerate() {
        rows.push((if at == 0 { "sends" } else { "" }, format!("{what} on {}", clusters.join(" and ")).into()));
    }
    let guards: Vec<String> = plan
        .moves()
        .iter()
        .map(|m| {
            let step = m.seen.rollout.step.map(|s| format!(", step {}", s + 1)).unwrap_or_default();
            format!("{} version {}{step}", m.target.cluster, m.seen.resource_version)
        })
        .collect();
    rows.push(("guard", format!("{}: {}", plan.guarantee(), guards.join("; ")).into()));
    rows.push(("owner", plan.owner().clone()));
    rows.push(("undo", plan.inverse().clone()));
    rows.push(("stays", plan.not_reverted().clone()));
    rows.push((
        "needs",
        match plan.consent().tier() {
            1 => "y".into(),
            2 => "y, half a second after the dialog opens".into(),
            _ => "the name of the target, Enter, then y".into(),
        },
    ));
    rows.push(("same as", plan.action().command_line().into()));
    for r in plan.moves().iter().flat_map(|m| &m.requests) {
        rows.push(("by hand", r.by_hand.clone()));
    }
    for (m, r) in plan.moves().iter().flat_map(|m| m.requests.iter().map(move |r| (m, r))) {
        rows.push(("exactly", format!("{} {} {}", m.target.cluster, r.verb, r.path).into()));
        rows.push(("", format!("{} {}", r.content_type, r.body).into()));
    }
    PlanCard { back: crate::action::Verb::from(plan.action()).goes_back(), action: plan.action().clone(), rows }
}
