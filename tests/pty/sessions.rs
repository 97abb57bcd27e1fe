//! Sessions at a real terminal, each with one of the ways in which a change is made by accident: typed ahead,
//! pasted, held down, in a burst, by another key, before the terminal has drawn the dialog. The world keeps the record of
//! what was written to it.

use gonogo::{
    sim::{Scenario, world::Cluster},
    wire::demo::{Demo, Options},
};
use serde_json::Value;

use super::*;

/// A few in each run of the tests: a session takes seconds. Two hundred of them are a run by hand, with this number changed.
const SESSIONS: u64 = 12;
/// Cockpits side by side.
const DESKS: u64 = 4;
const ASKED: &str = "\u{1b}[5n";
const ANSWER: &str = "\u{1b}[0n";
/// What the dialog says where its key stands.
const DIALOG: &str = "abort now";

/// A cockpit at a terminal that answers only when the test lets it.
struct Desk {
    cockpit: Cockpit,
    answered: usize,
    dice: u64,
}

impl Desk {
    fn roll(&mut self, sides: u64) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % sides
    }

    /// Answers every question that was asked so far.
    fn answer(&mut self) {
        let asked = String::from_utf8_lossy(&self.cockpit.seen).matches(ASKED).count();
        self.cockpit.press(&ANSWER.repeat(asked - self.answered));
        self.answered = asked;
    }

    fn asked(&mut self) {
        let answered = self.answered;
        self.cockpit.until("a question", |c| String::from_utf8_lossy(&c.seen).matches(ASKED).count() > answered);
    }

    /// An abort, planned, drawn and armed.
    fn armed(&mut self) {
        self.cockpit.press("A");
        self.cockpit.shows(DIALOG);
        self.asked();
        self.answer();
        self.cockpit.shows("armed: y does it now");
    }

    /// One session: whatever is tried, nothing may come of it.
    fn session(&mut self) {
        match self.roll(9) {
            0 => {
                self.cockpit.press("Ay");
                self.cockpit.shows(DIALOG);
            }
            1 => {
                self.cockpit.press("A");
                self.cockpit.shows(DIALOG);
                self.cockpit.press("y");
            }
            2 => {
                // The answer comes in one piece with what was typed before it.
                self.cockpit.press("A");
                self.cockpit.shows(DIALOG);
                self.asked();
                self.cockpit.press("y");
                self.answer();
                self.cockpit.press("y");
            }
            3 => {
                self.armed();
                self.cockpit.press("\u{1b}[200~y\u{1b}[201~");
                self.cockpit.shows("pasted text was dropped");
            }
            4 => {
                self.armed();
                let at = self.roll(6) as usize;
                self.cockpit.press(["yes\r", "jy", "yy", "ny\r", "y\r", "yyyyyyyyyyyy"][at]);
            }
            5 => {
                self.armed();
                for key in ["\r", " ", "Y", "j", "\t", "\u{19}", "\u{1b}[B"] {
                    self.cockpit.press(key);
                    self.cockpit.rest();
                }
            }
            6 => {
                // Held down since before the dialog.
                self.cockpit.press("A");
                for _ in 0..45 {
                    self.cockpit.press("y");
                    self.cockpit.rest();
                    self.answer();
                }
            }
            7 => {
                let text: String = (0..200).map(|_| char::from(b'!' + self.roll(90) as u8)).filter(|c| *c != 'q').collect();
                self.cockpit.press(&text);
            }
            _ => {
                // A paste in pieces.
                for piece in ["\u{1b}[20", "0~A", "y\r", "y\u{1b}[20", "1~"] {
                    self.cockpit.press(piece);
                    self.cockpit.rest();
                }
                self.cockpit.shows("pasted text was dropped");
            }
        }
        self.home();
    }

    /// Back to the main screen, with every question answered.
    fn home(&mut self) {
        for _ in 0..4 {
            self.cockpit.press("\u{1b}");
            // A lone Esc is a key once nothing has followed it for a while.
            for _ in 0..5 {
                self.cockpit.rest();
            }
        }
        self.answer();
        self.cockpit.until("the main screen", |c| !c.screen.screen().contents().contains("closes"));
    }
}

fn written(demo: &Demo) -> (usize, usize) {
    let events: Vec<Value> = Cluster::ALL.iter().flat_map(|cluster| demo.sim.handle().audit(*cluster)).collect();
    let dry = |e: &&Value| e["requestURI"].as_str().is_some_and(|uri| uri.contains("dryRun="));
    // A review of who we are is no change.
    let review = |e: &&Value| e["requestURI"].as_str().is_some_and(|uri| uri.contains("reviews"));
    let tried = events.iter().filter(dry).count();
    (tried, events.iter().filter(|e| !dry(e) && !review(e)).count())
}

#[test]
fn in_sessions_at_a_terminal_nothing_is_written_without_armed_consent() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let options = Options { scenario: Scenario::CanaryRegression, live: true, speed: Some(1.0), ..Options::default() };
    let demo = runtime.block_on(Demo::start(options)).unwrap();
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("shop.toml");
    std::fs::write(&config, &demo.text).unwrap();
    let desks: Vec<_> = (0..DESKS)
        .map(|n| {
            let (home, config) = (home.path().to_owned(), config.clone());
            std::thread::spawn(move || {
                let mut cockpit = Cockpit::run(&["--config", config.to_str().unwrap()], Some(&home));
                cockpit.shows("NO-GO");
                cockpit.shows("4 Canary payment");
                let mut desk = Desk { cockpit, answered: 0, dice: n + 1 };
                (0..SESSIONS / DESKS).for_each(|_| desk.session());
                desk.cockpit.press("q");
                assert_eq!(desk.cockpit.ended().code(), Some(0));
            })
        })
        .collect();
    for desk in desks {
        desk.join().unwrap();
    }
    let (tried, written) = written(&demo);
    assert!(tried > SESSIONS as usize / 2, "only {tried} plans were tried on the server");
    assert_eq!(written, 0, "something was changed");

    // The record would have told: this is how it looks when somebody does consent.
    let mut cockpit = Cockpit::run(&["--config", config.to_str().unwrap()], Some(home.path()));
    cockpit.shows("4 Canary payment");
    let mut desk = Desk { cockpit, answered: 0, dice: 0 };
    desk.armed();
    desk.cockpit.press("y");
    desk.cockpit.shows("ABORT payment");
    desk.cockpit.until("a write", |_| self::written(&demo).1 > 0);
}
