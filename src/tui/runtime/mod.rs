//! The loop that owns the terminal: messages in, frames out, effects done.
//!
//! Leaving and keys come before data, so that a flood of data cannot delay an abort.

mod card;
mod logs;
mod pace;
mod perform;
mod plan_card;
mod plans;
mod running;
mod script;
mod signals;

use std::{
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use jiff::{SignedDuration, tz::TimeZone};
use tokio::sync::{mpsc, watch};

pub use card::{Choice, card};
pub use perform::Reach;
pub use script::{ScriptEnd, script};

use super::{
    input::{Arrival, Button, Input, MouseKind, Reader, open_terminal},
    keymap::Keymap,
    look::Look,
    message::Message,
    model::{Model, ScreenMap},
    terminal::{self, Modes, Screen},
    update::update,
    view,
};
use crate::{
    domain::{Exit, SafeText},
    engine::Engine,
    provider::role::Timer as _,
};
use pace::{Cause, Pace};
use perform::Outside;

/// Inputs that wait at most; the reader waits beyond that.
const INPUTS: usize = 256;
/// How often the time of the model is set anew; what is shown changes more rarely.
const TICK: Duration = Duration::from_secs(1);

/// How the screen is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// How it looks.
    pub look: Look,
    /// Where the user's themes are.
    pub themes: Option<PathBuf>,
    /// The keys in force.
    pub keymap: Arc<Keymap>,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// Whether every change is refused.
    pub read_only: bool,
    /// What of the outside a link or a copy can reach.
    pub reach: Reach,
    /// Whether scripted keys may change the world: only where it is the embedded one, since nobody reads what a script
    /// consents to.
    pub scripted_acts: bool,
    /// The zone that `t` changes to.
    pub local: TimeZone,
    /// What the outside has to say: a configuration that was changed and does not hold.
    pub notices: watch::Receiver<SafeText>,
}

impl Options {
    /// The defaults, for tests and pictures.
    pub fn new(look: Look) -> Self {
        Self {
            look,
            themes: None,
            keymap: Arc::default(),
            mouse: true,
            read_only: false,
            reach: Reach::default(),
            scripted_acts: false,
            local: TimeZone::UTC,
            notices: watch::Sender::new(SafeText::clean("")).subscribe(),
        }
    }

    /// The model that a screen of this size starts with.
    pub fn model(&self, engine: &Engine, size: (u16, u16)) -> Model {
        let snapshot = engine.snapshot();
        let mut m = Model::new(engine.clock().now(), size, Arc::clone(&snapshot.topology), Arc::clone(&self.keymap));
        m.read_only = self.read_only;
        m.local = self.local.clone();
        m.theme.clone_from(&self.look.theme().name);
        if let Some(folder) = &self.themes {
            perform::add_themes(&mut m.themes, folder);
        }
        update(&mut m, Message::Snapshot(snapshot));
        m
    }
}

/// Runs the cockpit until it is left. The terminal is given back on every way out.
///
/// # Errors
/// There is no terminal, or it cannot be read or written any more.
pub async fn run(engine: &Engine, options: Options) -> io::Result<Exit> {
    let mut signals = signals::Signals::new()?;
    let out = terminal::output()?;
    let session = terminal::enter(Modes { mouse: options.mouse })?;
    let size = terminal::size(&out);
    let line = out.try_clone()?;
    let mut screen = Screen::new(out, size);
    let mut m = options.model(engine, size);
    let mut outside = Outside::new(engine, &options, true);
    let mut reading = logs::Reading::default();
    let mut pace = Pace::default();
    let started = Instant::now();
    let since = move || SignedDuration::try_from(started.elapsed()).unwrap_or(SignedDuration::MAX);
    // The first frame comes before any network.
    let first = draw(&m, &outside.look, &mut screen)?;
    update(&mut m, first);
    pace.drawn(Instant::now());
    let (sender, mut arrivals) = mpsc::channel(INPUTS);
    let listen = || {
        let sender = sender.clone();
        Reader::spawn(open_terminal()?, since, sender)
    };
    let mut reader = listen()?;
    let mut snapshots = engine.snapshots();
    let mut notices = options.notices;
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);

    loop {
        let frame = until(pace.due());
        let alarm = until(m.wake().and_then(|at| started.checked_add(at.try_into().ok()?)));
        let mut messages = vec![];
        let mut cause = Some(Cause::Data);
        tokio::select! {
            biased;
            signal = signals.next() => match signal {
                signals::Signal::Leave => return Ok(Exit::Interrupted),
                signals::Signal::Resized => {
                    let size = terminal::size(&line);
                    screen.resize(size);
                    messages.push(Message::Resize(size.0, size.1));
                    cause = Some(Cause::Person);
                }
                signals::Signal::Stop => {
                    reader.stop();
                    session.suspend()?;
                    reader = listen()?;
                    messages.extend(woken(&mut screen, &line));
                }
            },
            arrival = arrivals.recv() => {
                cause = Some(Cause::Person);
                match arrival {
                    Some(Arrival::Inputs { at, inputs }) => {
                        messages.push(Message::At(at));
                        messages.extend(inputs.into_iter().filter_map(message));
                    }
                    Some(Arrival::HungUp) | None => return Ok(Exit::Interrupted),
                }
            }
            () = alarm => {
                cause = Some(Cause::Person);
                messages.push(Message::At(since()));
            }
            Some(made) = outside.planning.next(), if !outside.planning.is_empty() => {
                cause = Some(Cause::Person);
                messages.push(outside.made(made, &m));
            }
            news = outside.running.next() => {
                cause = Some(Cause::Person);
                messages.push(Message::Tick(engine.clock().now()));
                messages.extend(news);
            }
            changed = snapshots.changed() => {
                if changed.is_err() {
                    return Ok(Exit::Failed);
                }
                let snapshot = snapshots.borrow_and_update().clone();
                messages.extend([Message::Tick(engine.clock().now()), Message::Snapshot(snapshot)]);
            }
            log = reading.next() => messages.push(log),
            Ok(()) = notices.changed() => messages.push(Message::Said(notices.borrow_and_update().clone())),
            () = frame => {
                let drawn = draw(&m, &outside.look, &mut screen)?;
                pace.drawn(Instant::now());
                messages.extend([Message::At(since()), drawn]);
                // What follows from a frame is shown by none of its own.
                cause = None;
            }
            _ = tick.tick() => {
                messages.push(Message::Tick(engine.clock().now()));
                messages.extend(terminal::take_panic().map(|p| Message::Said(format!("a task failed: {p}").into())));
            }
        }
        for message in messages {
            for effect in update(&mut m, message) {
                match outside.perform(effect, &mut m) {
                    perform::Next::Go => {}
                    perform::Next::Write(bytes) => screen.write_raw(&bytes)?,
                    perform::Next::Redraw => screen.redraw(),
                    perform::Next::Suspend => {
                        reader.stop();
                        session.suspend()?;
                        reader = listen()?;
                        for woken in woken(&mut screen, &line) {
                            update(&mut m, woken);
                        }
                    }
                    perform::Next::Leave => return Ok(Exit::Done),
                }
            }
        }
        if let Some(refused) = reading.follow(engine, &m) {
            update(&mut m, refused);
        }
        engine.look_at(m.selected().map(|row| row.name.clone()));
        if let Some(cause) = cause {
            pace.want(cause, Instant::now());
        }
    }
}

/// Waits for a moment; for ever where there is none.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// After the terminal was somebody else's: everything is drawn anew, at the size it has now.
fn woken(screen: &mut Screen<std::fs::File>, line: &std::fs::File) -> [Message; 2] {
    let size = terminal::size(line);
    screen.resize(size);
    [Message::Resize(size.0, size.1), Message::Returned]
}

/// Draws the model; gives the news of what is seen now.
fn draw(m: &Model, look: &Look, screen: &mut Screen<std::fs::File>) -> io::Result<Message> {
    let mut map = ScreenMap::default();
    screen.draw(|buf| {
        map = view::draw_into(m, look, buf);
        None
    })?;
    Ok(Message::Drawn(map))
}

/// What an input of the terminal means to the model.
fn message(input: Input) -> Option<Message> {
    match input {
        Input::Key(key) => Some(Message::Key(key)),
        Input::Paste(text) => Some(Message::Paste(SafeText::capped(&text, 400))),
        Input::Mouse(mouse) => match mouse.kind {
            MouseKind::Press(Button::Left) => Some(Message::Click(mouse.x, mouse.y)),
            MouseKind::ScrollUp => Some(Message::Scroll(mouse.x, mouse.y, -3)),
            MouseKind::ScrollDown => Some(Message::Scroll(mouse.x, mouse.y, 3)),
            _ => None,
        },
        Input::Focus(watched) => Some(Message::Focus(watched)),
        Input::Status => Some(Message::Answered),
        Input::Unknown => None,
    }
}
