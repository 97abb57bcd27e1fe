//! A hundred thousand random sessions: keys, pastes, bursts, held keys, silences, lost answers, a world that changes.
//! A judge of its own, which knows nothing of how the dialog decides, says of every plan that is carried out whether a
//! person consented to it.

use std::{
    collections::VecDeque,
    sync::{Arc, LazyLock},
};

use ratatui::layout::Rect;

use super::*;
use crate::{
    action::Verb,
    domain::Snapshot,
    tui::{
        input::Code,
        model::{Area, PlanCard, ScreenMap},
    },
};

const SESSIONS: u64 = 100_000;

static WORLDS: LazyLock<Vec<Arc<Snapshot>>> = LazyLock::new(|| (3..6).map(|step| Arc::new(fixture::at_step(step))).collect());

// Parsed once: of a hundred thousand sessions a third would be spent on it.
static ABORT: LazyLock<Action> = LazyLock::new(|| Action::parse(["abort", "payment", "--env", "production"]).unwrap());
static STEP: LazyLock<Action> = LazyLock::new(|| Action::parse(["step", "payment", "--env", "production"]).unwrap());

fn model() -> Model {
    let mut m = fixture::model(100, 30);
    m.at = SignedDuration::from_secs(100);
    update(&mut m, Message::Snapshot(Arc::clone(&WORLDS[0])));
    m
}

/// Numbers that look random, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len() as u64) as usize]
    }
}

/// What the judge knows of a dialog that is on the terminal.
struct Shown {
    id: u64,
    tier: u8,
    arms: bool,
    back: bool,
    name: String,
    /// What of it a person reads.
    reads: PlanCard,
    /// Since when the person can have read it; `None` until the terminal has drawn it.
    since: Option<Stamp>,
    /// When the frame was written.
    framed: Stamp,
}

/// A session: the model, a terminal that draws late or never answers, and the judge.
struct Session {
    m: Model,
    dice: Dice,
    /// Answers on their way, with the number of the frame that they are for; `None` stands for a terminal that is deaf.
    answers: VecDeque<u64>,
    deaf: bool,
    ever_answered: bool,
    plans: u64,
    world: usize,
    shown: Option<Shown>,
    frames: u64,
    /// What the hands did, with when: a key, or a paste.
    hands: Vec<(Stamp, Option<Key>)>,
    /// Until when production is open for what goes forward.
    open_until: Option<Stamp>,
    carried: u64,
}

impl Session {
    fn new(seed: u64, start: &Model) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let mut m = start.clone();
        m.read_only = dice.roll(20) == 0;
        let deaf = dice.roll(8) == 0;
        Self {
            m,
            dice,
            answers: VecDeque::new(),
            deaf,
            ever_answered: false,
            plans: 0,
            world: 0,
            shown: None,
            frames: 0,
            hands: vec![],
            open_until: None,
            carried: 0,
        }
    }

    fn card(&mut self, action: &Action) -> PlanCard {
        self.plans += 1;
        let card = fixture::bound(fixture::card(self.plans, action.clone()), &WORLDS[self.world]);
        let tier = self.dice.of(&[1, 2, 2, 2, 3]);
        let mut card = PlanCard { tier, ..card };
        if self.dice.roll(2) == 0 {
            card.rows[1].text = format!("4.2.0 at {} %", self.world).into();
        }
        card
    }

    fn take(&mut self, message: Message) {
        match (&message, &mut self.shown) {
            // A plan made anew that reads the same takes the place of the one that was read.
            (Message::Replanned(_, Ok(card)), Some(shown)) if shown.reads.reads_like(card) => shown.id = card.id,
            (Message::Planned(..) | Message::Replanned(..), shown) => *shown = None,
            _ => {}
        }
        for effect in update(&mut self.m, message) {
            match effect {
                Effect::Apply { plan, reason } => self.judge(plan, reason.as_ref()),
                Effect::Fence if !self.deaf => self.answers.push_back(self.frames),
                Effect::Plan(action) => {
                    let card = self.card(&action);
                    self.take(Message::Planned(action, Ok(Box::new(card))));
                }
                Effect::Replan(action) if self.dice.roll(3) > 0 => {
                    let card = self.card(&action);
                    self.take(Message::Replanned(action, Ok(Box::new(card))));
                }
                Effect::FindWays(target) => {
                    let all = [Verb::Abort, Verb::Rollback].map(|verb| verb.on(target.clone()));
                    self.take(Message::Ways(target, all.to_vec()));
                }
                Effect::Ways(actions) => {
                    for action in actions {
                        let card = self.card(&action);
                        self.take(Message::Way(action, Ok(Box::new(card))));
                    }
                }
                _ => {}
            }
        }
    }

    /// A frame: the judge notes which dialog it shows. Views are tested elsewhere; here a dialog is on the frame when it
    /// is on top and there is room.
    fn frame(&mut self) {
        self.frames += 1;
        let mut map = ScreenMap::default();
        let room = self.m.size.0 >= 40 && self.m.size.1 >= 8;
        let top = match self.m.overlays.last() {
            Some(Overlay::Confirm(c)) if room => Some((*c.card).clone()),
            _ => None,
        };
        let at = self.m.at;
        match (&top, &mut self.shown) {
            (Some(card), Some(shown)) if shown.id == card.id => {}
            (Some(card), shown) => {
                *shown = Some(Shown {
                    id: card.id,
                    tier: card.tier,
                    arms: card.arms,
                    back: card.back,
                    name: card.name.to_string(),
                    reads: card.clone(),
                    since: None,
                    framed: at,
                });
            }
            (None, shown) => *shown = None,
        }
        if let Some(card) = top {
            map.note(Rect::new(0, 0, 10, 10), Area::Consent(card.id));
        }
        self.take(Message::Drawn(map));
    }

    /// The terminal has drawn a frame and says so. A dialog that came with a later frame is not on it yet.
    fn answer(&mut self) {
        let Some(of) = self.answers.pop_front() else { return };
        self.ever_answered = true;
        let at = self.m.at;
        // The question was asked with the first frame of the dialog that is shown, or of one before it.
        if let Some(shown) = &mut self.shown
            && shown.since.is_none()
            && self.answers.is_empty()
            && of <= self.frames
        {
            shown.since = Some(at);
        }
        self.take(Message::Answered);
    }

    fn wait(&mut self, ms: u64) {
        let at = self.m.at + SignedDuration::from_millis(ms as i64);
        if self.open_until.is_some_and(|until| until <= at) {
            self.open_until = None;
        }
        // A terminal that stays silent for two seconds is taken to have drawn by then.
        if let Some(shown) = &mut self.shown
            && shown.since.is_none()
            && (at - shown.framed >= SignedDuration::from_secs(2) || !self.ever_answered && self.m.line.deaf)
        {
            shown.since = Some(if self.m.line.deaf { shown.framed } else { at });
        }
        self.take(Message::At(at));
    }

    fn key(&mut self, key: Key) {
        let at = self.m.at;
        self.hands.push((at, Some(key)));
        if key == Key::char('r') && self.counts(self.hands.len() - 1) && self.shown.as_ref().is_some_and(|s| s.arms) {
            self.open_until = Some(at + SignedDuration::from_mins(15));
        }
        self.take(Message::Key(key));
    }

    fn paste(&mut self, text: &str) {
        self.hands.push((self.m.at, None));
        self.take(Message::Paste(text.into()));
    }

    /// Whether what the hands did there was one key, pressed by itself, on a dialog that could be read for long enough.
    fn counts(&self, at: usize) -> bool {
        let (Some(shown), (when, Some(key))) = (&self.shown, self.hands[at]) else { return false };
        let Some(since) = shown.since else { return false };
        let delay = if shown.tier == 1 { 400 } else { 500 };
        let near = |other: &(Stamp, Option<Key>)| {
            let gap = (when - other.0).abs();
            gap <= SignedDuration::from_millis(10)
        };
        let held = self.hands[..at].iter().any(|(t, k)| *k == Some(key) && when - *t <= SignedDuration::from_millis(660));
        let alone = !self.hands.iter().enumerate().any(|(n, other)| n != at && near(other));
        when - since >= SignedDuration::from_millis(delay) && alone && !held
    }

    /// Whether a person consented to what is carried out.
    fn judge(&mut self, id: u64, reason: Option<&SafeText>) {
        self.carried += 1;
        let now = self.m.at;
        let tell = |s: &Self| format!("{:?} at {now:?}, hands {:?}", s.shown.as_ref().map(|s| (s.id, s.tier, s.since)), s.hands);
        let shown = self.shown.as_ref().unwrap_or_else(|| panic!("nothing was shown"));
        assert_eq!(shown.id, id, "another plan was shown: {}", tell(self));
        assert!(!self.m.read_only, "read-only");
        assert!(shown.back || self.m.still.is_none(), "forward on a still picture");
        let last = self.hands.len() - 1;
        assert_eq!(self.hands[last].1, Some(Key::char('y')), "the last thing was a y: {}", tell(self));
        assert!(now - self.hands[last].0 > SignedDuration::from_millis(10), "nothing can have followed yet: {}", tell(self));
        assert!(self.counts(last), "{}", tell(self));
        if let Some(reason) = reason {
            let said = |at: usize| self.hands[at].1 == reason.as_str().chars().next().map(Key::char);
            let alone = |at: usize| at == 0 || self.hands[at].0 - self.hands[at - 1].0 > SignedDuration::from_millis(10);
            assert!((0..last).any(|at| said(at) && alone(at)), "nobody said {reason}: {}", tell(self));
        }
        assert!(!shown.arms || self.open_until.is_some(), "[RO]: {}", tell(self));
        if shown.tier == 3 {
            let since = shown.since.expect("counted");
            let typed = self.hands.iter().filter(|(t, _)| *t >= since + SignedDuration::from_millis(500));
            let mut word = String::new();
            let mut named = false;
            for (_, key) in typed {
                match key.map(|k| k.code) {
                    None => word.clear(),
                    Some(Code::Enter) => {
                        named |= word == shown.name;
                        word.clear();
                    }
                    Some(Code::Backspace) => drop(word.pop()),
                    Some(Code::Char('u')) if key.is_some_and(|k| k.ctrl) => word.clear(),
                    Some(Code::Char(c)) if key.is_some_and(|k| k.is_text()) => word.push(c),
                    _ => {}
                }
            }
            assert!(named, "the name was not typed: {}", tell(self));
        }
        if self.open_until.is_some() {
            self.open_until = Some(now + SignedDuration::from_mins(15));
        }
        self.shown = None;
    }

    fn step(&mut self) {
        let wait = self.dice.of(&[0, 0, 1, 4, 9, 11, 12, 33, 120, 399, 500, 520, 700, 1_100, 2_100]);
        self.wait(wait);
        match self.dice.roll(30) {
            0..=5 => self.frame(),
            6..=8 => self.answer(),
            9..=14 => self.key(Key::char('y')),
            15 if self.dice.roll(4) == 0 => self.key(Key::char('A')),
            15 | 16 => self.key(Key::char('r')),
            17 => {
                let c = self.dice.of(&['n', 'j', 'P', 'B', 'H', 'a', '1', '2', 'f', 'q', 'v', '?', 'x', ':', 'e', 'c', 'e', 'c']);
                self.key(Key::char(c));
            }
            18 => {
                let code = self.dice.of(&[Code::Enter, Code::Esc, Code::Tab, Code::Backspace, Code::Down]);
                self.key(Key::plain(code));
            }
            19 => {
                for _ in 0..self.dice.roll(5) {
                    let c = self.dice.of(&['y', 'y', 'n', 'A', 'e', 's', '\u{e9}']);
                    self.key(Key::char(c));
                }
            }
            20 => {
                // Held down.
                for _ in 0..self.dice.roll(30) {
                    self.key(Key::char('y'));
                    self.wait(33);
                }
            }
            21 => self.paste("y"),
            22 | 23 => self.name(),
            24 => {
                let size = self.dice.of(&[(100, 30), (100, 30), (30, 6), (80, 24)]);
                self.take(Message::Resize(size.0, size.1));
            }
            25 => {
                self.world = self.dice.roll(3) as usize;
                self.take(Message::Snapshot(Arc::clone(&WORLDS[self.world])));
            }
            26 => {
                let action = self.dice.of(&[&*ABORT, &*STEP]).clone();
                let card = self.card(&action);
                self.take(Message::Planned(action, Ok(Box::new(card))));
            }
            27 => {
                self.answers.clear();
                self.take(Message::Returned);
                self.shown = None;
            }
            _ => self.person(),
        }
    }

    /// The name of the target, typed as people type.
    fn name(&mut self) {
        let upto = self.dice.of(&[7, 7, 7, 5]);
        for c in "payment".chars().take(upto) {
            self.wait(90);
            self.key(Key::char(c));
        }
        self.wait(90);
        self.key(Key::plain(Code::Enter));
    }

    /// Somebody who does it right, at least for a while.
    fn person(&mut self) {
        self.key(Key::plain(Code::Esc));
        self.wait(200);
        // Finding the target of a key takes longer than all the rest of a session: mostly the plan comes by itself.
        if self.dice.roll(10) == 0 {
            self.key(Key::char('A'));
        } else {
            let action = ABORT.clone();
            let card = self.card(&action);
            self.take(Message::Planned(action, Ok(Box::new(card))));
        }
        self.frame();
        self.wait(40);
        while !self.answers.is_empty() {
            self.answer();
        }
        let hurry = self.dice.of(&[300, 700, 1_500, 2_600]);
        self.wait(hurry);
        if self.dice.roll(4) == 0 {
            self.name();
            self.wait(300);
        }
        self.key(Key::char('y'));
        self.wait(20);
    }
}

/// Without one plan that was carried out the judge would have had nothing to say.
#[test]
fn in_100_000_random_sessions_nothing_is_carried_out_without_armed_consent() {
    let run = |from: u64, to: u64| -> u64 {
        let start = model();
        let mut carried = 0;
        for seed in from..to {
            let mut session = Session::new(seed, &start);
            (0..20).for_each(|_| session.step());
            carried += session.carried;
        }
        carried
    };
    let other = std::thread::spawn(move || run(0, SESSIONS / 2));
    let mine = run(SESSIONS / 2, SESSIONS);
    let carried = mine + other.join().expect("the judge was content");
    assert!(carried > 1_000, "only {carried} plans were consented to");
}
