//! Two hundred sessions at a real terminal, each with one of the ways in which a change is made by accident: typed ahead,
//! pasted, held down, in a burst, by another key, in half a sequence, before the terminal has drawn the dialog. The
//! world's record of what was written to it is the witness.
//!
//! A few cockpits live through many sessions each. A session begins on the main screen and ends there, and every key of
//! it has been taken in by then: a mark that is pasted behind them into the palette is on the screen. No `y` of a session
//! stands alone on a dialog that the terminal has answered for, however slow this machine is; what depends on time is not
//! done where there was too much of it.

use gonogo::{
    sim::{Handle, Scenario, world::Cluster},
    wire::demo::{Demo, Options},
};
use serde_json::Value;

use super::{narrow::narrowed, *};

/// Cockpits side by side, and sessions of each.
const DESKS: u64 = 8;
const SESSIONS: u64 = 25;
/// The ways to go wrong.
const KINDS: u64 = 13;
/// The terminal's answer to a question.
const ANSWER: &str = "\u{1b}[0n";
/// The key Esc as terminals with newer keyboards send it: nobody has to wait whether more of a sequence follows.
const ESC: &str = "\u{1b}[27u";
/// What the dialog says where its key stands, and once that key counts.
const DIALOG: &str = "abort now";
const ARMED: &str = "armed: y does it now";
/// What is said of a `y` that does not count.
const EARLY: &str = "too early";
const HELD: &str = "let go of the key";
const DROPPED: &str = "pasted text was dropped";
/// Longer than anything takes; a session that met the dialog of another one is tried again.
const LONG: Duration = Duration::from_secs(5);
const TRIES: usize = 5;
/// Between two keys of a hand that is in a hurry, and of one that holds a key down.
const HURRY: Duration = Duration::from_millis(12);
const REPEAT: Duration = Duration::from_millis(33);
/// How long a session goes on without an answer: half of what a dialog waits for one.
const SILENT: Duration = Duration::from_secs(1);
/// A key that follows later than this is no repeat, and half a sequence is given up not long after it.
const SLOW: Duration = Duration::from_millis(300);

/// A cockpit at a terminal that answers only when the test lets it.
struct Desk {
    cockpit: Cockpit,
    answered: usize,
    marks: u64,
    dice: u64,
}

impl Desk {
    fn new(config: &Path, home: &Path, dice: u64) -> Self {
        let mut cockpit = Cockpit::run(&["--config", config.to_str().unwrap()], Some(home));
        cockpit.shows("set 20 %");
        let mut desk = Self { cockpit, answered: 0, marks: 0, dice };
        // A terminal that has answered once is never taken for one that does not.
        assert!(desk.armed(), "an abort can be planned:\n{}", desk.cockpit.screen.screen().contents());
        desk.home();
        desk
    }

    fn roll(&mut self, sides: u64) -> usize {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.dice >> 33) % sides) as usize
    }

    fn of<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len() as u64)]
    }

    fn says(&mut self, text: &str) -> bool {
        self.cockpit.within(LONG, |c| c.says(text))
    }

    /// Takes in what comes between two keys.
    fn beat(&mut self, beat: Duration) {
        self.cockpit.within(beat, |_| false);
    }

    /// The terminal's answers to every question that was asked so far.
    fn answers(&mut self) -> String {
        let open = self.cockpit.asked - self.answered;
        self.answered = self.cockpit.asked;
        ANSWER.repeat(open)
    }

    fn answer(&mut self) {
        let answers = self.answers();
        self.cockpit.press(&answers);
    }

    /// Waits for a question of the dialog.
    fn asked(&mut self) -> bool {
        let answered = self.answered;
        self.cockpit.within(LONG, |c| c.asked > answered && c.says(DIALOG))
    }

    /// An abort, planned and drawn.
    fn planned(&mut self) -> bool {
        self.cockpit.press("A");
        self.says(DIALOG)
    }

    /// An abort, planned, drawn and armed.
    fn armed(&mut self) -> bool {
        self.cockpit.press("A");
        loop {
            let answered = self.answered;
            if !self.cockpit.within(LONG, |c| c.asked > answered || c.says(ARMED)) {
                return false;
            }
            if self.cockpit.says(ARMED) {
                return self.cockpit.says(DIALOG);
            }
            self.answer();
        }
    }

    /// One session: whatever is tried, nothing may come of it. Gives whether it came to what it is there for.
    fn session(&mut self, kind: usize) -> bool {
        match kind {
            // Typed ahead.
            0 => {
                self.cockpit.press("Ay");
                self.says(DIALOG)
            }
            // Before the terminal has drawn it.
            1 => {
                let began = Instant::now();
                // A terminal that stays silent for two seconds is taken as it is.
                if !self.planned() || began.elapsed() > SILENT {
                    return false;
                }
                self.cockpit.press("y");
                self.says(EARLY)
            }
            // The answer comes in one piece with what was typed around it.
            2 => {
                let asked = self.planned() && self.asked();
                let answers = self.answers();
                self.cockpit.press(&format!("y{answers}y"));
                asked && self.says(EARLY)
            }
            3 => {
                let armed = self.armed();
                self.cockpit.press("\u{1b}[200~y\u{1b}[201~");
                armed && self.says(DROPPED)
            }
            // Bursts.
            4 => {
                let armed = self.armed();
                let burst = self.of(&["yes\r", "jy", "yy", "ny\r", "y\r", "yyyyyyyyyyyy"]);
                self.cockpit.press(burst);
                armed
            }
            5 => self.other_keys(),
            6 => self.held(),
            // Noise, and a file that was sent to the terminal.
            7 => {
                let text: String = (0..200).map(|_| char::from(b'!' + self.roll(90) as u8)).filter(|c| *c != 'q').collect();
                self.cockpit.press(&text);
                true
            }
            // A paste in pieces.
            8 => {
                for piece in ["\u{1b}[20", "0~A", "y\r", "y\u{1b}[20", "1~"] {
                    self.cockpit.press(piece);
                    self.beat(REPEAT);
                }
                self.says(DROPPED)
            }
            9 => self.halves(),
            10 => self.mouse(),
            11 => self.resized(),
            _ => self.any_keys(),
        }
    }

    /// Keys that are not the one, one by one.
    fn other_keys(&mut self) -> bool {
        let armed = self.armed();
        let alt = ["\u{1b}[121;3u", "\u{1b}[121;5u", "\u{1b}[121;9u", "\u{1b}[121;1:3u", "\u{1b}y"];
        let others = ["\r", " ", "Y", "j", "\t", "\u{19}", "\u{1b}[B", "\u{1b}[I", "\u{1b}[O"];
        for _ in 0..6 {
            let key = self.of(&[&alt[..], &others[..]].concat());
            self.cockpit.press(key);
            self.beat(HURRY);
        }
        armed
    }

    /// Held down since before the dialog, until it is told that this is no answer.
    fn held(&mut self) -> bool {
        self.cockpit.press("A");
        let mut last = Instant::now();
        for _ in 0..150 {
            if self.cockpit.says(HELD) {
                return true;
            }
            self.beat(REPEAT);
            self.answer();
            if last.elapsed() > SLOW {
                // The hand was kept from its key: what it presses next would be a key of its own.
                return false;
            }
            self.cockpit.press("y");
            last = Instant::now();
        }
        false
    }

    /// Sequences with the letter in them, cut in two.
    fn halves(&mut self) -> bool {
        let armed = self.armed();
        let whole = self.of(&[
            "\u{1b}[y",
            "\u{1b}[?2026;2$y",
            "\u{1b}[1;1y",
            "\u{1b}[Myyy",
            "\u{1b}Oy",
            "\u{1b}]0;y\u{7}",
            "\u{1b}]52;c;y\u{1b}\\",
            "\u{1b}Py\u{1b}\\",
            "\u{1b}_y\u{1b}\\",
            "\u{1b}[200~y\ry\u{1b}[201~",
        ]);
        let at = 1 + self.roll(whole.len() as u64 - 1);
        let began = Instant::now();
        self.cockpit.press(&whole[..at]);
        self.beat(HURRY);
        if began.elapsed() > SLOW {
            return false;
        }
        self.cockpit.press(&whole[at..]);
        armed
    }

    fn mouse(&mut self) -> bool {
        let armed = self.armed();
        for _ in 0..8 {
            let button = [0, 1, 2, 32, 35, 64, 65][self.roll(7)];
            let (x, y, end) = (1 + self.roll(80), 1 + self.roll(24), self.of(&["M", "m"]));
            self.cockpit.press(&format!("\u{1b}[<{button};{x};{y}{end}"));
        }
        armed
    }

    /// A dialog that there was no room for has to be shown, and answered for, anew.
    fn resized(&mut self) -> bool {
        let armed = self.armed();
        self.cockpit.resize((7, 60));
        let covered = self.says("need 40x8");
        if covered {
            self.cockpit.press("y");
        }
        self.cockpit.resize((24, 80));
        let asked = armed && covered && self.asked();
        let answers = self.answers();
        self.cockpit.press(&format!("{answers}yy"));
        asked && self.says(EARLY)
    }

    /// Whatever a cat on the keyboard does in half a second, but for the keys that leave.
    fn any_keys(&mut self) -> bool {
        const LETTERS: &str = "AAAyyyyPHBaOviLo/nNftR12345678[]+_%?Yjkhlgbrxcewsd ";
        let others =
            ["\r", "\t", "\u{4}", "\u{15}", ESC, "\u{1b}", "\u{1b}[A", "\u{1b}[Z", "\u{1b}[5~", "\u{1b}[200~Ay\u{1b}[201~"];
        let began = Instant::now();
        for _ in 0..20 {
            let letter = self.roll(LETTERS.len() as u64);
            let other = self.of(&others);
            let key = if self.roll(4) == 0 { other } else { &LETTERS[letter..=letter] };
            if began.elapsed() > SILENT {
                break;
            }
            self.cockpit.press(key);
            self.beat(HURRY);
        }
        true
    }

    /// Back to the main screen, with all that was pressed taken in and every question answered.
    fn home(&mut self) {
        let closed = |c: &Cockpit, mark: &str| !c.says(mark) && !c.says("closes");
        for _ in 0..100 {
            self.marks += 1;
            let mark = format!("mark-{}-here", self.marks);
            // Whatever is open is closed: a paste, then one thing over the screen after the other. Letters right after a
            // paste are part of it, so the palette may take more than one try.
            self.cockpit.press(&format!("\u{1b}[201~{}:\u{1b}[200~{mark}\u{1b}[201~", ESC.repeat(6)));
            if !self.cockpit.within(3 * REPEAT, |c| c.says(&mark)) {
                continue;
            }
            self.cockpit.press(ESC);
            if self.cockpit.within(LONG, |c| closed(c, &mark)) {
                return self.answer();
            }
        }
        panic!("no way back to the main screen:\n{}", self.cockpit.screen.screen().contents());
    }
}

/// What a cluster's record says was tried on the server, and what was written.
fn witness(world: &Handle) -> (usize, Vec<Value>) {
    let lines: Vec<Vec<Value>> = Cluster::ALL.iter().map(|cluster| world.audit(*cluster)).collect();
    assert!(lines.iter().all(|lines| lines.len() < 10_000), "the record has forgotten its beginning");
    let uri = |event: &Value| event["requestURI"].as_str().unwrap().to_owned();
    // A review of who we are is no change.
    let changes = lines.into_iter().flatten().filter(|event| !uri(event).contains("reviews"));
    let (tried, written): (Vec<Value>, Vec<Value>) = changes.partition(|event| uri(event).contains("dryRun="));
    (tried.len(), written)
}

#[test]
fn in_200_sessions_at_a_terminal_nothing_is_written_without_armed_consent() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let options = Options { scenario: Scenario::Calm, live: true, speed: Some(1.0), ..Options::default() };
    let demo = runtime.block_on(Demo::start(options)).unwrap();
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("shop.toml");
    std::fs::write(&config, narrowed(&demo.text, &["payment"])).unwrap();
    let sit = |n: u64| {
        let (home, config, world) = (home.path().to_owned(), config.clone(), demo.sim.handle());
        std::thread::spawn(move || {
            let mut desk = Desk::new(&config, &home, n + 1);
            for session in 0..SESSIONS {
                let kind = ((n * SESSIONS + session) % KINDS) as usize;
                let done = (0..TRIES).any(|_| {
                    let done = desk.session(kind);
                    desk.home();
                    let written = witness(&world).1;
                    assert!(written.is_empty(), "session {session} of kind {kind} at desk {n}, or one beside it: {written:#?}");
                    done
                });
                assert!(done, "kind {kind} never came to anything:\n{}", desk.cockpit.screen.screen().contents());
            }
            desk
        })
    };
    let desks: Vec<_> = (0..DESKS).map(sit).collect();
    let mut desks: Vec<Desk> = desks.into_iter().map(|desk| desk.join().unwrap()).collect();
    let (tried, written) = witness(&demo.sim.handle());
    assert!(tried > (DESKS * SESSIONS) as usize / 2, "only {tried} plans were tried on the server");
    assert_eq!(written, Vec::<Value>::new(), "something was changed");

    // The witness would have told: this is how it looks when somebody does consent, at a desk that has seen all that.
    let mut desk = desks.pop().unwrap();
    assert!(desk.armed());
    desk.cockpit.press("y");
    desk.cockpit.until("a write", |_| !witness(&demo.sim.handle()).1.is_empty());
    for mut desk in desks {
        desk.cockpit.press("q");
        assert_eq!(desk.cockpit.ended().code(), Some(0));
    }
}
