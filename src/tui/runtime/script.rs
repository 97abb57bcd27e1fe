//! The same update and draw without a terminal: scripted keys in, a frame out.

use std::time::Duration;

use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    Options, logs,
    perform::{Next, Outside},
};
use crate::{
    domain::SafeText,
    engine::Engine,
    provider::role::Timer as _,
    tui::{effect::Effect, input::Step, look::Look, message::Message, model::Model, update::update, view, widget::sweep},
};

/// How long the world may take to answer, in real time.
const SETTLE: Duration = Duration::from_secs(20);

/// How long sources may take to show a sign of life after time was moved on.
const RECOVER: Duration = Duration::from_secs(6);

/// What a script leaves behind.
#[derive(Debug)]
pub struct ScriptEnd {
    /// The last frame, swept.
    pub frame: Buffer,
    /// The look it was drawn in, after theme changes.
    pub look: Look,
    /// The model.
    pub model: Model,
}

/// Between two scripted keys: a person presses no two at once, and a `y` counts when nothing follows it.
const PRESS: SignedDuration = SignedDuration::from_millis(100);
/// After a key, before the picture that it leads to.
const RELEASE: SignedDuration = SignedDuration::from_millis(20);

/// Waits until the world has settled, presses the keys one by one, and draws.
///
/// `<wait 5s>` moves a standing clock on and waits until the world has settled again; on a running clock it waits.
pub async fn script(engine: &Engine, options: Options, size: (u16, u16), steps: &[Step]) -> ScriptEnd {
    settle(engine).await;
    let m = options.model(engine, size);
    let outside = Outside::new(engine, &options, false);
    let mut player = Player { m, outside, size };
    let mut read = None;
    let mut frame = player.draw();
    for step in steps {
        let (passes, message) = match step {
            Step::Key(key) => (PRESS, Message::Key(*key)),
            Step::Paste(text) => (PRESS, Message::Paste(SafeText::capped(text, 400))),
            Step::Wait(duration) => {
                if engine.clock().stands() {
                    engine.clock().advance(*duration);
                } else {
                    engine.clock().sleep(duration.unsigned_abs()).await;
                }
                later(engine, *duration).await;
                update(&mut player.m, Message::Tick(engine.clock().now()));
                (*duration, Message::Snapshot(engine.snapshot()))
            }
        };
        player.pass(passes).await;
        if !player.send(message).await {
            break;
        }
        let wanted = player.m.log().map(|view| (view.session, view.ask.clone()));
        if let Some((session, ask)) = wanted.filter(|(session, _)| read != Some(*session)) {
            read = Some(session);
            let message = logs::whole(engine, session, &ask).await;
            update(&mut player.m, message);
        }
        player.draw();
        player.pass(RELEASE).await;
        frame = player.draw();
    }
    ScriptEnd { frame, look: player.outside.look, model: player.m }
}

/// A screen without a terminal, and the hand that presses its keys.
struct Player<'a> {
    m: Model,
    outside: Outside<'a>,
    size: (u16, u16),
}

impl Player<'_> {
    /// Lets time go on at the keyboard.
    async fn pass(&mut self, by: SignedDuration) {
        let at = self.m.at.saturating_add(by);
        self.send(Message::At(at)).await;
    }

    /// Sends a message and does all that follows from it; gives whether the script goes on.
    async fn send(&mut self, message: Message) -> bool {
        let mut waiting = vec![message];
        while let Some(message) = waiting.pop() {
            for effect in update(&mut self.m, message) {
                let quiet = matches!(effect, Effect::Plan(_));
                match self.outside.perform(effect, &mut self.m) {
                    Next::Leave => return false,
                    Next::Go | Next::Write(_) | Next::Redraw | Next::Suspend => {}
                }
                if quiet {
                    self.m.flash = None;
                }
            }
            if waiting.is_empty() {
                waiting.extend(self.outside.running.begun().await);
            }
            if waiting.is_empty()
                && let Some(made) = self.outside.planning.next().await
            {
                waiting.push(self.outside.made(made, &self.m));
            }
        }
        true
    }

    /// Draws a frame. Where the model asks whether it is seen, it is.
    fn draw(&mut self) -> Buffer {
        let (width, height) = self.size;
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        let map = view::draw_into(&self.m, &self.outside.look, &mut buf);
        sweep(&mut buf);
        for effect in update(&mut self.m, Message::Drawn(map)) {
            if effect == Effect::Fence {
                update(&mut self.m, Message::Answered);
            }
        }
        buf
    }
}

/// Waits until every source has answered what is wanted at the present time.
async fn settle(engine: &Engine) {
    let now = engine.clock().now();
    let mut snapshots = engine.snapshots();
    let settled = snapshots.wait_for(|s| s.settled && s.at >= now);
    // A source that hangs is shown as such; waiting longer would not help.
    drop(tokio::time::timeout(SETTLE, settled).await);
}

/// The same after time went on: what is polled has been polled again.
async fn later(engine: &Engine, waited: SignedDuration) {
    let now = engine.clock().now();
    // Sources are polled at least once a minute.
    let since = waited.min(SignedDuration::from_mins(1));
    let fresh = |at: Option<Timestamp>| at.is_none_or(|at| now.duration_since(at) < since);
    let mut snapshots = engine.snapshots();
    // A watch that was quiet for longer than the silence it is allowed counts as stale until its next sign of life.
    let settled = snapshots
        .wait_for(|s| s.settled && s.at >= now && fresh(s.metrics.live().and(s.metrics.at())) && s.troubles().is_empty());
    drop(tokio::time::timeout(RECOVER, settled).await);
}
