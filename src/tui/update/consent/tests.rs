//! Each guard on its own: the same keys with and without what it asks for.

use std::sync::Arc;

use jiff::SignedDuration;
use ratatui::{buffer::Buffer, layout::Rect};

use super::*;
use crate::{
    action::Action,
    tui::{
        input::{Step, parse_keys},
        look::Look,
        message::Message,
        model::{PlanCard, fixture},
        update::update,
        view,
    },
};

mod sessions;

/// Nothing was sent.
const NONE: [u64; 0] = [];

/// A person, a terminal and a clock.
struct Desk {
    m: Model,
    sent: Vec<u64>,
    why: Option<SafeText>,
    asked: usize,
}

impl Desk {
    fn new(size: (u16, u16)) -> Self {
        let mut m = fixture::model(size.0, size.1);
        m.at = SignedDuration::from_secs(100);
        Self { m, sent: vec![], why: None, asked: 0 }
    }

    /// A dialog that was planned and not drawn yet.
    fn planned(card: PlanCard) -> Self {
        let mut desk = Self::new((100, 30));
        desk.take(Message::Planned(card.action.clone(), Ok(Box::new(card))));
        desk
    }

    /// A dialog that the terminal has shown, armed.
    fn armed(card: PlanCard) -> Self {
        let mut desk = Self::planned(card);
        desk.frame().take(Message::Answered);
        desk.wait(600);
        desk
    }

    fn take(&mut self, message: Message) -> &mut Self {
        for effect in update(&mut self.m, message) {
            match effect {
                Effect::Apply { plan, reason } => {
                    self.sent.push(plan);
                    self.why = reason;
                }
                Effect::Fence => self.asked += 1,
                _ => {}
            }
        }
        self
    }

    fn frame(&mut self) -> &mut Self {
        let mut buf = Buffer::empty(Rect::new(0, 0, self.m.size.0, self.m.size.1));
        let map = view::draw_into(&self.m, &Look::full(), &mut buf);
        self.take(Message::Drawn(map))
    }

    fn wait(&mut self, ms: i64) -> &mut Self {
        let at = self.m.at + SignedDuration::from_millis(ms);
        self.take(Message::At(at))
    }

    /// Keys a second apart.
    fn press(&mut self, keys: &str) -> &mut Self {
        for step in parse_keys(keys).unwrap() {
            self.wait(1_000);
            match step {
                Step::Key(key) => self.take(Message::Key(key)),
                Step::Paste(text) => self.take(Message::Paste(text.into())),
                Step::Wait(by) => self.wait(by.as_millis() as i64),
            };
        }
        self.wait(1_000)
    }

    /// Keys that arrive together.
    fn burst(&mut self, keys: &str) -> &mut Self {
        for c in keys.chars() {
            self.take(Message::Key(Key::char(c)));
        }
        self
    }

    fn text(&self) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, self.m.size.0, self.m.size.1));
        view::draw_into(&self.m, &Look::full(), &mut buf);
        crate::tui::print::plain(&buf)
    }

    fn open(&self) -> bool {
        self.m.overlays.iter().any(|o| matches!(o, Overlay::Confirm(_)))
    }
}

fn abort() -> PlanCard {
    fixture::card(1, Action::parse(["abort", "payment", "--env", "production"]).unwrap())
}

fn step() -> PlanCard {
    fixture::card(1, Action::parse(["step", "payment", "--env", "production"]).unwrap())
}

fn tier(tier: u8) -> PlanCard {
    PlanCard { tier, ..abort() }
}

#[test]
fn going_back_takes_one_key_that_nothing_follows() {
    let mut desk = Desk::armed(abort());
    assert!(desk.text().contains("armed: y does it now"), "{}", desk.text());
    desk.take(Message::Key(Key::char('y')));
    assert_eq!(desk.sent, NONE, "what follows it is not known yet");
    desk.wait(11);
    assert_eq!((desk.sent.as_slice(), desk.open(), desk.m.operations.len()), ([1].as_slice(), false, 1));
    desk.press("y");
    assert_eq!(desk.sent, [1], "once");
}

#[test]
fn y_counts_from_half_a_second_after_the_terminal_has_drawn_the_dialog() {
    for (tier_, delay) in [(1, 400), (2, 500)] {
        for (wait, counts) in [(delay - 1, false), (delay, true)] {
            let mut desk = Desk::planned(tier(tier_));
            desk.wait(50).frame();
            assert_eq!(desk.asked, 1, "the terminal is asked after the frame");
            desk.wait(300).take(Message::Answered);
            assert!(desk.text().contains("in a moment"));
            desk.wait(wait).burst("y").wait(50);
            assert_eq!(!desk.sent.is_empty(), counts, "tier {tier_} after {wait} ms");
        }
    }
}

#[test]
fn what_comes_before_the_answer_of_the_terminal_does_not_count() {
    let mut desk = Desk::planned(abort());
    desk.press("y").frame();
    assert!(desk.text().contains("waiting for the terminal"));
    desk.wait(1_500).burst("y").take(Message::Answered).wait(100);
    assert_eq!(desk.sent, NONE);
    assert!(desk.open());
}

#[test]
fn without_a_frame_nothing_is_armed_and_a_dialog_that_cannot_be_read_is_not() {
    let mut desk = Desk::planned(abort());
    desk.take(Message::Answered).press("yyy");
    assert_eq!(desk.sent, NONE);
    // Too small for a dialog: there is only the word.
    desk.take(Message::Resize(30, 5)).frame().take(Message::Answered).press("y");
    assert_eq!((desk.sent.len(), desk.asked), (0, 0));
    let mut desk = Desk::armed(abort());
    desk.take(Message::Resize(30, 5)).frame().press("y");
    assert_eq!(desk.sent, NONE, "one that was armed before neither");
    desk.take(Message::Resize(100, 30)).frame().press("y");
    assert_eq!(desk.sent, NONE, "and it is asked for anew when it is back");
    desk.take(Message::Answered).press("y");
    assert_eq!(desk.sent, [1]);
}

#[test]
fn a_silent_terminal_leaves_the_delay_alone_and_the_dialog_says_so() {
    let mut desk = Desk::planned(abort());
    desk.frame().wait(1_999).burst("y").wait(0);
    assert_eq!(desk.sent, NONE);
    desk.wait(800);
    assert!(desk.text().contains("in a moment"), "{}", desk.text());
    desk.wait(600);
    assert!(desk.text().contains("the terminal does not answer, only the delay protects"), "{}", desk.text());
    desk.press("y");
    assert_eq!(desk.sent, [1]);
    // One that never answered is not waited for again.
    desk.take(Message::Planned(abort().action, Ok(Box::new(PlanCard { id: 2, ..abort() }))));
    desk.frame().wait(499).burst("y").wait(20);
    assert_eq!((desk.sent.as_slice(), desk.asked), ([1].as_slice(), 1));
    desk.press("y");
    assert_eq!(desk.sent, [1, 2]);
}

#[test]
fn an_answer_belongs_to_the_oldest_question() {
    let mut desk = Desk::planned(abort());
    desk.frame();
    desk.take(Message::Planned(abort().action, Ok(Box::new(PlanCard { id: 2, ..abort() })))).frame();
    assert_eq!(desk.asked, 2);
    desk.take(Message::Answered).wait(1_000).burst("y").wait(20);
    assert_eq!(desk.sent, NONE, "that was the answer to the dialog before");
    desk.take(Message::Answered).press("y");
    assert_eq!(desk.sent, [2]);
}

#[test]
fn after_the_terminal_was_somebody_elses_the_dialog_is_shown_anew() {
    let mut desk = Desk::armed(abort());
    desk.take(Message::Returned).press("y");
    assert_eq!(desk.sent, NONE);
    desk.frame().take(Message::Answered).press("y");
    assert_eq!(desk.sent, [1]);
}

#[test]
fn keys_that_come_together_are_a_paste() {
    for keys in ["yn", "yj", "yyy", "jy", "xy"] {
        let mut desk = Desk::armed(abort());
        desk.burst(keys).wait(100);
        assert_eq!(desk.sent, NONE, "{keys}");
    }
    let mut desk = Desk::armed(abort());
    desk.burst("y").wait(5).burst("x").wait(100);
    assert_eq!(desk.sent, NONE, "what follows within a few milliseconds takes the y back");
    let mut desk = Desk::armed(abort());
    desk.burst("y").wait(5).take(Message::Paste("es".into())).wait(100);
    assert_eq!(desk.sent, NONE);
    desk.take(Message::Paste("y".into())).wait(100);
    assert_eq!(desk.sent, NONE, "a paste never confirms");
    assert!(desk.open());
}

#[test]
fn a_key_that_is_held_down_does_not_count() {
    let mut desk = Desk::planned(abort());
    desk.frame().take(Message::Answered);
    for _ in 0..120 {
        desk.wait(33).burst("y");
    }
    assert_eq!(desk.sent, NONE);
    // Keyboards wait up to 660 ms before they repeat.
    let mut desk = Desk::planned(abort());
    desk.frame().take(Message::Answered).wait(100).burst("y").wait(660).burst("y").wait(33).burst("y").wait(20);
    assert_eq!(desk.sent, NONE);
    desk.press("y");
    assert_eq!(desk.sent, [1], "let go and pressed anew");
}

#[test]
fn only_y_confirms_and_only_esc_and_n_close() {
    for key in ["<enter>", "<space>", "j", "G", "x", "Y", "<c-y>", "<a-y>", "<tab>", "1", "r", "<paste y>", "R", "T"] {
        let mut desk = Desk::armed(abort());
        desk.press(key);
        assert_eq!((desk.sent.len(), desk.open()), (0, true), "{key}");
    }
    for key in ["n", "<esc>"] {
        let mut desk = Desk::armed(abort());
        desk.press(key).press("y");
        assert_eq!((desk.sent.len(), desk.open()), (0, false), "{key}");
    }
}

#[test]
fn tier_3_wants_the_name_then_enter_then_y() {
    let mut desk = Desk::armed(tier(3));
    assert!(desk.text().contains("armed: type payment and Enter"), "{}", desk.text());
    desk.press("y");
    assert_eq!((desk.sent.len(), desk.open()), (0, true));
    desk.press("<bs>paymen<enter>y");
    assert_eq!(desk.sent, NONE, "a part of the name is not the name");
    desk.press("<bs>payment");
    assert_eq!(desk.sent, NONE, "Enter ends the name");
    desk.press("<enter>");
    assert_eq!(desk.sent, NONE, "and does not confirm");
    desk.press("y");
    assert_eq!(desk.sent, [1]);

    let mut desk = Desk::armed(tier(3));
    desk.press("pay<paste ment><enter>y");
    assert_eq!((desk.sent.len(), desk.open()), (0, true), "a name is not pasted");
    let mut desk = Desk::planned(tier(3));
    desk.press("payment<enter>").frame().take(Message::Answered).press("y");
    assert_eq!(desk.sent, NONE, "nor typed ahead");
    let mut desk = Desk::armed(tier(3));
    desk.press("paymentn<esc>");
    assert!(!desk.open(), "n is a letter of a name, Esc closes");
}

#[test]
fn what_goes_forward_in_production_wants_an_armed_cockpit() {
    let mut desk = Desk::armed(step());
    assert!(desk.text().contains("[RO]") && desk.text().contains("r opens production for 15 minutes"), "{}", desk.text());
    desk.press("y");
    assert_eq!(desk.sent, NONE);
    desk.press("r");
    assert!(desk.text().contains("[RW 15m left]"), "{}", desk.text());
    desk.press("y");
    assert_eq!(desk.sent, [1]);
    // r is a key like y: not before it can have been read, and not out of a burst.
    let mut desk = Desk::planned(step());
    desk.frame().wait(500).burst("r").take(Message::Answered).press("y");
    assert_eq!((desk.sent.len(), desk.m.open_for()), (0, None));
    let mut desk = Desk::armed(step());
    desk.burst("xr").press("y");
    assert_eq!((desk.sent.len(), desk.m.open_for()), (0, None));
    // What goes back opens nothing.
    let mut desk = Desk::armed(abort());
    desk.press("ry");
    assert_eq!((desk.sent.as_slice(), desk.m.open_for()), ([1].as_slice(), None));
}

#[test]
fn production_closes_15_minutes_after_the_last_act() {
    let mut desk = Desk::new((100, 30));
    desk.press(":arm<enter>");
    let left = |desk: &Desk| desk.m.open_for().map(|d| d.as_mins());
    assert_eq!(left(&desk), Some(14));
    desk.wait(10 * 60_000);
    desk.take(Message::Planned(step().action, Ok(Box::new(step())))).frame().take(Message::Answered).press("y");
    assert_eq!((desk.sent.as_slice(), left(&desk)), ([1].as_slice(), Some(15)), "an act prolongs it");
    let next = PlanCard { id: 2, ..step() };
    desk.take(Message::Planned(step().action, Ok(Box::new(next)))).frame().take(Message::Answered);
    desk.wait(15 * 60_000).press("y");
    assert_eq!((desk.sent.as_slice(), left(&desk)), ([1].as_slice(), None));
    assert!(desk.text().contains("[RO]"));
    desk.press("<esc>:arm<enter>:disarm<enter>");
    assert_eq!(left(&desk), None);
    desk.m.read_only = true;
    desk.press(":arm<enter>");
    assert_eq!(left(&desk), None);
    assert!(desk.text().contains("[RO] forced"), "{}", desk.text());
}

#[test]
fn read_only_and_a_still_picture_stand_before_every_consent() {
    let mut desk = Desk::armed(abort());
    desk.m.read_only = true;
    desk.press("y");
    assert_eq!(desk.sent, NONE);
    let mut desk = Desk::armed(step());
    desk.press("r");
    desk.m.still = Some((desk.m.now, Arc::clone(&desk.m.snapshot)));
    desk.press("y");
    assert_eq!(desk.sent, NONE, "what goes forward needs the newest picture");
    let mut desk = Desk::armed(abort());
    desk.m.still = Some((desk.m.now, Arc::clone(&desk.m.snapshot)));
    desk.press("y");
    assert_eq!(desk.sent, [1], "what goes back does not");
}

#[test]
fn a_plan_that_is_too_old_is_not_carried_out() {
    let mut desk = Desk::armed(PlanCard { expires: Some(fixture::now()), ..abort() });
    desk.press("y");
    assert_eq!(desk.sent, NONE);
}

#[test]
fn a_changed_world_takes_the_plan_back_and_shows_the_difference() {
    let (before, after) = (fixture::at_step(3), fixture::at_step(4));
    let card = fixture::bound(abort(), &before);
    let start = || {
        let mut desk = Desk::new((100, 30));
        desk.take(Message::Snapshot(Arc::new(before.clone())));
        desk.take(Message::Planned(card.action.clone(), Ok(Box::new(card.clone()))));
        desk.frame().take(Message::Answered).wait(600);
        desk
    };
    let mut desk = start();
    desk.take(Message::Snapshot(Arc::new(before.clone()))).press("y");
    assert_eq!(desk.sent, [1], "the same world is no change");

    let mut desk = start();
    let effects = update(&mut desk.m, Message::Snapshot(Arc::new(after.clone())));
    assert_eq!(effects, [Effect::Replan(card.action.clone())]);
    assert_eq!(update(&mut desk.m, Message::Snapshot(Arc::new(after.clone()))), [], "asked once");
    assert!(desk.text().contains("the world has changed: the plan is being made anew"), "{}", desk.text());
    desk.press("y");
    assert_eq!(desk.sent, NONE);

    let mut other = fixture::bound(PlanCard { id: 2, ..abort() }, &after);
    other.rows[1].text = "4.2.0 at 50 % of traffic".into();
    desk.take(Message::Replanned(other.action.clone(), Ok(Box::new(other))));
    assert!(desk.text().contains("from     ≠ 4.2.0 at 50 % of traffic"), "{}", desk.text());
    desk.press("y");
    assert_eq!(desk.sent, NONE, "what reads otherwise has to be drawn and armed anew");
    desk.frame().take(Message::Answered).press("y");
    assert_eq!(desk.sent, [2]);
}

#[test]
fn what_reads_the_same_stays_armed_and_what_nobody_waits_for_opens_no_dialog() {
    let (before, after) = (fixture::at_step(3), fixture::at_step(4));
    let mut desk = Desk::new((100, 30));
    desk.take(Message::Snapshot(Arc::new(before.clone())));
    let card = fixture::bound(abort(), &before);
    desk.take(Message::Planned(card.action.clone(), Ok(Box::new(card.clone()))));
    desk.frame().take(Message::Answered).wait(600).take(Message::Snapshot(Arc::new(after.clone())));
    let mut next = fixture::bound(PlanCard { id: 2, ..abort() }, &after);
    next.rows[3].text = "guarded: eu-1 version 8".into();
    desk.take(Message::Replanned(next.action.clone(), Ok(Box::new(next.clone())))).press("y");
    assert_eq!(desk.sent, [2], "an object that moves all the time can still be aborted");

    let mut desk = Desk::new((100, 30));
    desk.take(Message::Replanned(next.action.clone(), Ok(Box::new(next))));
    assert!(!desk.open());
}

#[test]
fn a_picture_that_lags_behind_the_plan_is_no_change() {
    let (old, new, newer) = (fixture::at_step(3), fixture::at_step(4), fixture::at_step(5));
    let mut card = fixture::bound(abort(), &new);
    card.bound[0].pictured = fixture::bound(abort(), &old).bound[0].pictured.clone();
    let mut desk = Desk::new((100, 30));
    desk.take(Message::Planned(card.action.clone(), Ok(Box::new(card))));
    for (world, effects) in [(old, 0), (new, 0), (newer, 1)] {
        assert_eq!(update(&mut desk.m, Message::Snapshot(Arc::new(world))).len(), effects);
    }
}

#[test]
fn why_is_one_letter_that_nobody_has_to_press() {
    for (keys, why) in [
        ("y", None),
        ("ey", Some("errors")),
        ("sy", Some("slow")),
        ("dy", Some("damaged data")),
        ("ecy", Some("cosmetic")),
        ("eey", None),
        ("<paste e>y", None),
        ("Ey", None),
        ("<c-e>y", None),
    ] {
        let mut desk = Desk::armed(abort());
        assert!(desk.text().contains("why      unspecified"), "{}", desk.text());
        desk.press(keys);
        assert_eq!((desk.sent.as_slice(), desk.why.as_ref().map(SafeText::as_str)), ([1].as_slice(), why), "{keys}");
    }
    // To a step nobody is asked why.
    let mut desk = Desk::armed(step());
    desk.press("rey");
    assert_eq!((desk.sent.as_slice(), &desk.why), ([1].as_slice(), &None));
}

#[test]
fn why_is_heard_only_where_a_y_would_be() {
    let mut desk = Desk::planned(abort());
    desk.press("e").frame().wait(100).burst("e").take(Message::Answered).wait(300).burst("s");
    assert!(desk.text().contains("why      unspecified"), "typed ahead: {}", desk.text());
    desk.press("y");
    assert_eq!((desk.sent.as_slice(), &desk.why), ([1].as_slice(), &None));
    let mut desk = Desk::armed(abort());
    desk.burst("xe").press("y");
    assert_eq!((desk.sent.as_slice(), &desk.why), ([1].as_slice(), &None), "out of a burst");
    let mut desk = Desk::armed(abort());
    desk.take(Message::Key(Key::char('y'))).wait(5).burst("e").wait(50);
    assert_eq!(desk.sent, NONE, "it takes a y back as every key does");
    // While the name is typed its letters are the name's.
    let mut desk = Desk::armed(tier(3));
    desk.press("payment<enter>y");
    assert_eq!((desk.sent.as_slice(), &desk.why), ([1].as_slice(), &None));
    let mut desk = Desk::armed(tier(3));
    desk.press("payment<enter>ey");
    assert_eq!(desk.why.as_ref().map(SafeText::as_str), Some("errors"));
}

#[test]
fn to_what_is_cosmetic_or_slow_fixing_forward_is_suggested_and_nothing_is_barred() {
    for (key, suggested) in [("e", false), ("s", true), ("c", true), ("d", false)] {
        let mut desk = Desk::armed(abort());
        desk.press(key);
        assert_eq!(desk.text().contains("fixing forward may cost less"), suggested, "{}", desk.text());
        desk.press("y");
        assert_eq!(desk.sent, [1]);
    }
}

#[test]
fn why_outlives_a_plan_that_is_made_anew() {
    let (before, after) = (fixture::at_step(3), fixture::at_step(4));
    for same in [true, false] {
        let mut desk = Desk::new((100, 30));
        desk.take(Message::Snapshot(Arc::new(before.clone())));
        let card = fixture::bound(abort(), &before);
        desk.take(Message::Planned(card.action.clone(), Ok(Box::new(card))));
        desk.frame().take(Message::Answered).wait(600).press("e").take(Message::Snapshot(Arc::new(after.clone())));
        let mut next = fixture::bound(PlanCard { id: 2, ..abort() }, &after);
        if !same {
            next.rows[1].text = "4.2.0 at 50 % of traffic".into();
        }
        desk.take(Message::Replanned(next.action.clone(), Ok(Box::new(next))));
        desk.frame().take(Message::Answered).press("y");
        assert_eq!((desk.sent.as_slice(), desk.why.as_ref().map(SafeText::as_str)), ([2].as_slice(), Some("errors")), "{same}");
    }
}

#[test]
fn what_the_typed_name_accepts_is_part_of_what_is_read() {
    let (before, after) = (fixture::at_step(3), fixture::at_step(4));
    let accepting = |id, contracts: &[&str]| PlanCard { id, accepts: contracts.iter().map(|c| (*c).into()).collect(), ..tier(3) };
    let mut desk = Desk::new((100, 30));
    desk.take(Message::Snapshot(Arc::new(before.clone())));
    let card = fixture::bound(accepting(1, &["schema.users"]), &before);
    desk.take(Message::Planned(card.action.clone(), Ok(Box::new(card))));
    desk.frame().take(Message::Answered).wait(600);
    assert!(desk.text().contains("this accepts: schema.users"), "{}", desk.text());
    desk.press("payment<enter>").take(Message::Snapshot(Arc::new(after.clone())));
    let next = fixture::bound(accepting(2, &["schema.users", "schema.orders"]), &after);
    desk.take(Message::Replanned(next.action.clone(), Ok(Box::new(next))));
    desk.frame().take(Message::Answered).press("y");
    assert_eq!(desk.sent, NONE, "the name was typed for less");
    assert!(desk.text().contains("this accepts: schema.users, schema.orders"), "{}", desk.text());
    desk.press("<bs>payment<enter>y");
    assert_eq!(desk.sent, [2]);
}
