//! Does what `update` asked for.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
};

use crossterm::{Command as _, clipboard::CopyToClipboard};
use futures::stream::FuturesUnordered;

use super::{
    Options,
    plans::{Made, Planning, Plans, Purpose, armed, find_ways, make},
    running::Running,
};
use crate::{
    domain::{Refusal, SafeText, is_web},
    engine::{Engine, plan::Guard},
    tui::{
        effect::Effect,
        look::Look,
        message::Message,
        model::{Model, News},
        theme::Theme,
        update::update,
    },
};

/// Asks the terminal for its state. It answers when it has drawn all that was written before.
const ASK: &[u8] = b"\x1b[5n";

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
    /// The plans that a dialog may ask for.
    pub plans: Plans,
    /// Whether plans may be carried out from here.
    pub acts: bool,
    /// Plans in the making.
    pub planning: FuturesUnordered<Planning<'a>>,
    /// What is under way.
    pub running: Running<'a>,
}

/// What of the outside a link or a copy can reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// A display of this machine, where the person sits: a browser can be opened. Never over SSH.
    pub display: bool,
    /// A tmux in between, which passes sequences on only when they are wrapped.
    pub tmux: bool,
    /// A terminal that takes notifications as urxvt does (OSC 777), and not as most do (OSC 9).
    pub urxvt: bool,
}

impl Reach {
    /// What the environment says.
    pub fn of(env: &BTreeMap<String, String>) -> Self {
        let set = |name: &str| env.get(name).is_some_and(|v| !v.is_empty());
        let graphical = cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY");
        let term = env.get("TERM").map(String::as_str).unwrap_or_default();
        let urxvt = set("VTE_VERSION") || ["rxvt", "foot"].iter().any(|name| term.starts_with(name));
        Self { display: graphical && !Look::is_remote(env), tmux: set("TMUX"), urxvt }
    }
}

impl<'a> Outside<'a> {
    /// What lies outside a screen of these options. Without a terminal, whoever consents is a script.
    pub fn new(engine: &'a Engine, options: &Options, terminal: bool) -> Self {
        Self {
            look: options.look.clone(),
            themes: options.themes.clone(),
            engine,
            guard: Guard { read_only: options.read_only, names_unsafe: true },
            reach: options.reach,
            plans: Plans::default(),
            acts: terminal || options.scripted_acts,
            planning: FuturesUnordered::new(),
            running: Running::new(engine),
        }
    }

    /// Does an effect, or says what the loop has to do.
    pub fn perform(&mut self, effect: Effect, m: &mut Model) -> Next {
        match effect {
            Effect::Plan(action) => {
                update(m, Message::Said(format!("planning: {}", action.command_line()).into()));
                self.planning.push(make(self.engine, self.guard, Purpose::Ask, action));
                Next::Go
            }
            Effect::Replan(action) => {
                self.planning.push(make(self.engine, self.guard, Purpose::Again, action));
                Next::Go
            }
            Effect::FindWays(target) => {
                self.planning.push(find_ways(self.engine, self.guard, target));
                Next::Go
            }
            Effect::Ways(actions) => {
                let (engine, guard) = (self.engine, self.guard);
                self.planning.extend(actions.into_iter().map(|action| make(engine, guard, Purpose::Way, action)));
                Next::Go
            }
            Effect::Apply { plan, reason } => {
                self.apply(plan, reason, m);
                Next::Go
            }
            Effect::Armed(span) => {
                self.planning.push(armed(self.engine, span));
                Next::Go
            }
            Effect::Fence => Next::Write(ASK.to_vec()),
            Effect::Notify(text) => Next::Write(notice(&text, self.reach)),
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

    /// Keeps a plan that was made, and gives the news of it.
    pub fn made(&mut self, made: Made, m: &Model) -> Message {
        self.plans.keep(made, m.newest())
    }

    /// Carries a plan out. Each is carried out at most once.
    fn apply(&mut self, id: u64, reason: Option<SafeText>, m: &mut Model) {
        let refusal = match self.plans.take(id) {
            Some(plan) if self.acts => return self.running.begin(id, plan, reason),
            Some(_) => Refusal::new("scripted keys change nothing outside the embedded world"),
            None => Refusal::new("the plan is gone: plan it again"),
        };
        update(m, Message::Progress(Box::new(News { plan: Some(id), stands: Err(refusal) })));
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

/// What calls a person who does not look: the bell, and a notification where the terminal knows them. One form of it: a
/// terminal that knows both would call twice. What begins with a digit is another command to some, so a name leads.
fn notice(text: &SafeText, reach: Reach) -> Vec<u8> {
    let text = SafeText::capped(text.as_str(), 160);
    let form = if reach.urxvt { format!("777;notify;gonogo;{text}") } else { format!("9;gonogo: {text}") };
    let sequence = wrapped(&format!("\x1b]{form}\x1b\\"), reach);
    format!("\x07{sequence}").into_bytes()
}

/// A sequence for the terminal behind a tmux.
fn wrapped(sequence: &str, reach: Reach) -> String {
    if reach.tmux { format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b")) } else { sequence.to_owned() }
}

/// The sequence that puts text into the clipboard of the person's own terminal, also over SSH.
fn copy(lines: &[SafeText], reach: Reach) -> Vec<u8> {
    let lines: Vec<&str> = lines.iter().map(SafeText::as_str).collect();
    let mut out = String::new();
    // Writing into a string cannot fail.
    CopyToClipboard::to_clipboard_from(lines.join("\n")).write_ansi(&mut out).ok();
    if reach.tmux {
        // Some set-ups of tmux take the sequence themselves, others pass on only what is wrapped: both are sent.
        let wrapped = wrapped(&out, reach);
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

#[cfg(test)]
mod tests;
