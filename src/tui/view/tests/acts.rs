//! What acting looks like: the dialog in every tier, the ways back, the armed header, operations under way and ended.

use jiff::SignedDuration;

use super::*;
use crate::{
    action::Action,
    domain::{Exit, Refusal},
    engine::operation::Stand,
    tui::{
        glyph::Glyphs,
        model::{Fence, News},
    },
};

fn mono() -> Look {
    Look::new(Theme::built_in("mono").unwrap(), Glyphs::Unicode, Depth::Mono)
}

fn ascii() -> Look {
    Look::new(Theme::built_in("dark").unwrap(), Glyphs::Ascii, Depth::C256)
}

fn shown(m: &Model, look: &Look) -> String {
    let (buf, _) = frame(m, look);
    format!("{}\n{}", print::plain(&buf), print::styles(&buf))
}

fn card(verb: &str, tier: u8) -> PlanCard {
    let action = Action::parse([verb, "payment", "--env", "production"]).unwrap();
    let undo = if verb == "abort" { "gonogo retry payment --env production" } else { "gonogo abort payment --env production" };
    let mut rows = vec![
        PlanRow::new(Group::What, "where", "production · eu-1 us-1"),
        PlanRow::new(Group::What, "cluster", "eu-1 is https://eu.k8s.acme.example  uid 7f3c9155, you are mira"),
        PlanRow::new(Group::What, "from", "4.2.0 at 20 % of traffic"),
        PlanRow::new(
            Group::What,
            "to",
            if verb == "abort" { "4.1.7 at 100 %, the canary at 0 %" } else { "4.2.0 at 50 % of traffic" },
        ),
        PlanRow::new(Group::How, "sends", "PATCH rollouts/payment/status on eu-1 and us-1"),
        PlanRow::new(Group::How, "guard", "guarded: eu-1 version 48120, step 4; us-1 version 48231, step 4"),
        PlanRow::new(Group::How, "owner", "Argo Rollouts: its own verb is used, so nobody takes it back"),
        PlanRow::new(Group::How, "undo", undo),
        PlanRow::new(Group::How, "stays", "requests that 4.2.0 has served, and what they wrote"),
        PlanRow::new(Group::Same, "same as", format!("gonogo {verb} payment --env production")),
        PlanRow::new(Group::Exactly, "exactly", "eu-1 PATCH /apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/payment/status"),
    ];
    if tier == 3 {
        let gate = "CANARY NO-GO: payment: the canary fails 3.92 % of requests";
        rows.insert(4, PlanRow { alarm: true, ..PlanRow::new(Group::What, "gate", gate) });
        rows.insert(5, PlanRow::new(Group::What, "because", "over a NO-GO"));
    }
    PlanCard { tier, rows, ..fixture::card(1, action) }
}

/// A dialog that has been on the screen long enough.
fn dialog(size: (u16, u16), card: PlanCard) -> Model {
    let mut m = fixture::model(size.0, size.1);
    m.at = SignedDuration::from_secs(100);
    let fence = Fence::Seen { at: SignedDuration::from_secs(99), heard: true };
    m.overlays.push(Overlay::Confirm(Box::new(Confirm { fence, ..Confirm::new(Box::new(card)) })));
    m
}

macro_rules! shows {
    ($name:ident, $m:expr) => {
        shows!($name, $m, Look::full());
    };
    ($name:ident, $m:expr, $look:expr) => {
        #[test]
        fn $name() {
            let m: Model = $m;
            insta::assert_snapshot!(stringify!($name), shown(&m, &$look));
        }
    };
}

shows!(confirm_tier_1_80x24, dialog((80, 24), PlanCard { arms: false, ..card("step", 1) }));
shows!(confirm_tier_1_120x40, dialog((120, 40), PlanCard { arms: false, ..card("step", 1) }));
shows!(confirm_tier_2_80x24, dialog((80, 24), card("abort", 2)));
shows!(confirm_tier_2_120x40, dialog((120, 40), card("abort", 2)));
shows!(confirm_tier_2_mono, dialog((80, 24), card("abort", 2)), mono());
shows!(confirm_tier_2_ascii, dialog((80, 24), card("abort", 2)), ascii());
shows!(confirm_forward_from_read_only_80x24, dialog((80, 24), card("step", 2)));
shows!(confirm_tier_3_80x24, dialog((80, 24), card("step", 3)));
shows!(confirm_tier_3_120x40, dialog((120, 40), card("step", 3)));
shows!(confirm_tier_3_mono, dialog((80, 24), card("step", 3)), mono());
shows!(confirm_tier_3_ascii, dialog((80, 24), card("step", 3)), ascii());

/// A way back that breaks something, in part only.
fn unsafe_way() -> PlanCard {
    let alarm = |name, text: &str| PlanRow { alarm: true, ..PlanRow::new(Group::What, name, text) };
    let mut it = PlanCard { accepts: vec!["schema.users".into()], ..card("abort", 3) };
    it.rows.retain(|row| row.name != "gate");
    it.rows[0].text = "production · eu-1".into();
    it.rows.insert(1, alarm("partly", "us-1 is left as it is: what runs on us-1 is not known: no answer in 10 s"));
    let says = "contract schema.users: unsafe, eu-1: it requires <=41, and schema.users is at 42 since job migrate-42";
    it.rows.insert(5, alarm("check", says));
    it
}

/// The same dialog with what was said on why.
fn because(reason: &'static str, mut m: Model) -> Model {
    if let Some(Overlay::Confirm(confirm)) = m.overlays.last_mut() {
        confirm.reason = Some(reason);
    }
    m
}

fn sixteen() -> Look {
    Look::new(Theme::built_in("dark").unwrap(), Glyphs::Unicode, Depth::C16)
}

shows!(confirm_unsafe_80x24, dialog((80, 24), unsafe_way()));
shows!(confirm_unsafe_120x40, because("cosmetic", dialog((120, 40), unsafe_way())));
shows!(confirm_unsafe_16_colours, dialog((80, 24), unsafe_way()), sixteen());
shows!(confirm_unsafe_mono, because("slow", dialog((80, 24), unsafe_way())), mono());
shows!(confirm_unsafe_ascii, because("damaged data", dialog((80, 24), unsafe_way())), ascii());
shows!(confirm_unsafe_40x10, dialog((40, 10), unsafe_way()));
shows!(confirm_why_60x20, because("slow", dialog((60, 20), card("abort", 2))));

#[test]
fn what_is_accepted_and_what_is_left_out_is_in_sight_at_every_size() {
    for (width, height) in [(40, 8), (40, 10), (60, 16), (80, 24), (120, 40)] {
        let mut m = dialog((width, height), unsafe_way());
        let text = shown(&m, &mono());
        assert!(text.contains("this accepts: schema.users"), "{width}x{height}:\n{text}");
        assert!(height < 10 || text.contains("‼ us-1 is left as it is"), "{width}x{height}:\n{text}");
        press(&mut m, "<end>");
        assert!(shown(&m, &mono()).contains("this accepts: schema.users"), "{width}x{height} scrolled");
    }
}

#[test]
fn a_terminal_that_is_silent_is_told_of_whole() {
    let mut m = dialog((80, 24), unsafe_way());
    if let Some(Overlay::Confirm(confirm)) = m.overlays.last_mut() {
        confirm.fence = Fence::Seen { at: SignedDuration::from_secs(99), heard: false };
    }
    let text = shown(&m, &mono());
    assert!(text.contains("the terminal does not answer, only the delay protects"), "{text}");
    assert!(text.contains("armed: type payment and Enter") && text.contains("this accepts"), "{text}");
}

#[test]
fn a_terminal_of_seven_bits_gets_seven_bits() {
    for m in [
        dialog((120, 40), unsafe_way()),
        because("slow", dialog((80, 24), card("abort", 2))),
        with(fixture::model(80, 24), |m| m.overlays.push(Overlay::Ways(Box::new(fixture::ways())))),
        with(fixture::model(80, 24), |m| press(m, "a")),
        with(fixture::model(120, 40), |m| press(m, "?")),
        fixture::model(200, 60),
    ] {
        let text = print::plain(&frame(&m, &ascii()).0);
        assert!(text.is_ascii(), "{}", text.lines().find(|line| !line.is_ascii()).unwrap_or_default());
    }
}

fn with(mut m: Model, change: impl FnOnce(&mut Model)) -> Model {
    change(&mut m);
    m
}

shows!(armed_80x24, with(fixture::model(80, 24), |m| m.open_until = Some(SignedDuration::from_mins(4))));
shows!(ways_back_80x24, with(fixture::model(80, 24), |m| m.overlays.push(Overlay::Ways(Box::new(fixture::ways())))));
shows!(
    not_read_yet_80x24,
    with(fixture::model(80, 24), |m| m.overlays.push(Overlay::Refused {
        what: "abort".into(),
        why: "eu-1 has not been read yet".into(),
        hint: Some("gonogo doctor tells which source is in trouble".into()),
        again: Some(Command::Act(Verb::Abort)),
    }))
);
shows!(ways_back_ascii, with(fixture::model(80, 24), |m| m.overlays.push(Overlay::Ways(Box::new(fixture::ways())))), ascii());

/// A model in which an abort was consented to 12 seconds ago, and this was heard of it.
fn operation(size: (u16, u16), heard: Result<crate::engine::operation::Progress, Refusal>) -> Model {
    let mut m = fixture::consented(size.0, size.1);
    update(&mut m, Message::Tick(fixture::now() + SignedDuration::from_secs(12)));
    update(&mut m, Message::Progress(Box::new(News { plan: Some(1), stands: heard })));
    m
}

shows!(operation_under_way_80x24, operation((80, 24), Ok(fixture::progress([Stand::Reached, Stand::Accepted], None))));
shows!(
    operation_under_way_120x40,
    with(operation((120, 40), Ok(fixture::progress([Stand::Reached, Stand::Accepted], None))), |m| press(m, "O"))
);
shows!(
    operation_done_80x24,
    operation((80, 24), Ok(fixture::progress([Stand::Reached; 2], Some((Exit::Done, "done on eu-1 and us-1")))))
);
shows!(
    operation_reverted_80x24,
    operation(
        (80, 24),
        Ok(fixture::progress(
            [Stand::Reached, Stand::Reverted],
            Some((Exit::Changed, "done on eu-1; us-1: reverted by argocd-controller"))
        ))
    )
);
shows!(
    operations_ended_80x24,
    with(
        operation(
            (80, 24),
            Ok(fixture::progress([Stand::Reached, Stand::Unknown], Some((Exit::Unknown, "us-1: unknown, it did not answer"))))
        ),
        |m| press(m, "O")
    )
);
shows!(operation_refused_80x24, operation((80, 24), Err(Refusal::new("the journal cannot be written: nothing was sent"))));
shows!(
    leaving_80x24,
    with(operation((80, 24), Ok(fixture::progress([Stand::Sending, Stand::Waiting], None))), |m| press(m, "q"))
);

#[test]
fn the_clock_shows_seconds_while_something_is_under_way_and_only_then() {
    let moving = operation((120, 40), Ok(fixture::progress([Stand::Sending, Stand::Waiting], None)));
    assert!(shown(&moving, &Look::full()).contains("10:20:12Z"));
    let done = operation((120, 40), Ok(fixture::progress([Stand::Reached; 2], Some((Exit::Done, "done")))));
    assert!(!shown(&done, &Look::full()).contains("10:20:12Z"));
}

#[test]
fn a_dialog_says_in_words_whether_it_is_armed() {
    let mut m = dialog((80, 24), card("abort", 2));
    assert!(shown(&m, &mono()).contains("armed: y does it now"));
    m.at = SignedDuration::from_millis(99_400);
    let text = shown(&m, &mono());
    assert!(text.contains("in a moment") && !text.contains("armed:"), "{text}");
}
