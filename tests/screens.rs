//! What the cockpit draws over the embedded world, by glyphs and by styles.
//!
//! A world is opened once per scenario, over real HTTP, on a clock that stands still; every screen is `update` and
//! `draw` on it.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "screens/acts.rs"]
mod acts;

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex},
};

use clap::Parser as _;
use gonogo::{
    cli::Cli,
    tui::{
        glyph::Glyphs,
        input::parse_keys,
        look::Look,
        print::{Ground, plain, styles, svg},
        runtime::{Options, ScriptEnd, script},
        theme::{Depth, Theme},
    },
    wire::World,
};
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());
static WORLDS: LazyLock<Mutex<BTreeMap<String, Arc<World>>>> = LazyLock::new(Mutex::default);

fn world(scenario: &str) -> Arc<World> {
    let mut worlds = WORLDS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let open = || {
        let cli = Cli::try_parse_from(["gonogo", &format!("--demo={scenario}")]).unwrap();
        Arc::new(RUNTIME.block_on(World::open(&cli.global, None, false)).expect("the embedded world opens"))
    };
    Arc::clone(worlds.entry(scenario.to_owned()).or_insert_with(open))
}

fn drawn(scenario: &str, size: (u16, u16), keys: &str, look: Look) -> ScriptEnd {
    let world = world(scenario);
    let steps = parse_keys(keys).unwrap();
    RUNTIME.block_on(script(&world.engine, Options::new(look), size, &steps))
}

fn show(scenario: &str, size: (u16, u16), keys: &str, look: Look) -> String {
    let end = drawn(scenario, size, keys, look);
    if let Ok(dir) = std::env::var("GONOGO_PICTURES") {
        let ground = if end.look.theme().name == "light" { Ground::light() } else { Ground::default() };
        let keys: String = keys.chars().filter(char::is_ascii_alphanumeric).collect();
        let name = format!("{dir}/{scenario}-{}x{}-{keys}-{}.svg", size.0, size.1, end.look.theme().name);
        std::fs::write(name, svg(&end.frame, ground)).unwrap();
    }
    // The kubeconfig's folder and the port differ from run to run; nothing of them may be on a screen.
    format!("{}\n{}", plain(&end.frame), styles(&end.frame))
}

macro_rules! screen {
    ($name:ident, $scenario:literal, $size:expr, $keys:literal) => {
        screen!($name, $scenario, $size, $keys, Look::full());
    };
    ($name:ident, $scenario:literal, $size:expr, $keys:literal, $look:expr) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), show($scenario, $size, $keys, $look));
        }
    };
}

fn theme(name: &str) -> Look {
    Look::new(Theme::built_in(name).unwrap(), Glyphs::Unicode, Depth::True)
}

screen!(regression_80x24, "canary-regression", (80, 24), "");
screen!(regression_120x40, "canary-regression", (120, 40), "");
screen!(regression_200x60, "canary-regression", (200, 60), "");
screen!(regression_40x8, "canary-regression", (40, 8), "");
screen!(calm_80x24, "calm", (80, 24), "");
screen!(calm_120x40, "calm", (120, 40), "");
screen!(calm_200x60, "calm", (200, 60), "");
screen!(calm_40x8, "calm", (40, 8), "");
screen!(spike_80x24, "error-spike", (80, 24), "");
screen!(spike_120x40, "error-spike", (120, 40), "");
screen!(spike_200x60, "error-spike", (200, 60), "");
screen!(spike_40x8, "error-spike", (40, 8), "");
screen!(stale_80x24, "stale-metrics", (80, 24), "");
screen!(stale_120x40, "stale-metrics", (120, 40), "");
screen!(stale_200x60, "stale-metrics", (200, 60), "");
screen!(stale_40x8, "stale-metrics", (40, 8), "");

screen!(opened_run_80x24, "calm", (80, 24), "2jjj<enter>+");
screen!(changes_zoomed_100x30, "calm", (100, 30), "3+");
screen!(why, "canary-regression", (120, 40), "v");
screen!(why_80x24_scrolled, "stale-metrics", (80, 24), "v<c-d>");
screen!(help, "canary-regression", (120, 40), "?");
screen!(palette, "canary-regression", (80, 24), ":the");
screen!(filter, "canary-regression", (80, 24), "/re");
screen!(filter_inverted, "canary-regression", (80, 24), "/!a<enter>");
screen!(menu, "canary-regression", (80, 24), "a");
screen!(marks_80x24, "calm", (80, 24), "j<space>j<space>k");
screen!(
    marks_ascii_80x24,
    "calm",
    (80, 24),
    "j<space>j<space>k",
    Look::new(Theme::built_in("mono").unwrap(), Glyphs::Ascii, Depth::Mono)
);
screen!(confirm_several_80x24, "calm", (80, 24), "j<space>jj<space>ae");
screen!(confirm_several_120x40, "calm", (120, 40), "j<space>jj<space>ae");
screen!(confirm_abort_80x24, "canary-regression", (80, 24), "A");
screen!(confirm_abort_scrolled, "canary-regression", (80, 24), "AG");
screen!(confirm_abort_120x40, "canary-regression", (120, 40), "A");
screen!(zoom_runs, "canary-regression", (120, 40), "2+");
screen!(zoom_graphs, "canary-regression", (120, 40), "5+");
screen!(tab_graphs_80x24, "canary-regression", (80, 24), "5");
screen!(tab_runs_80x24, "canary-regression", (80, 24), "2j");
screen!(tab_changes_80x24, "canary-regression", (80, 24), "3");
screen!(events_80x24, "canary-regression", (80, 24), "8");
screen!(zoom_canary, "canary-regression", (120, 40), "4+");
screen!(canary_100x30, "canary-regression", (100, 30), "");
screen!(flagger_80x24, "calm", (80, 24), "/cart<enter>4");
screen!(flagger_120x40, "calm", (120, 40), "/cart<enter>");
screen!(flagger_zoom_200x60, "calm", (200, 60), "/cart<enter>4+");
screen!(blue_green_80x24, "calm", (80, 24), "/catalog<enter>4");
screen!(
    blue_green_ascii,
    "calm",
    (120, 40),
    "/catalog<enter>",
    Look::new(Theme::built_in("dark").unwrap(), Glyphs::Ascii, Depth::C256)
);
screen!(other_service, "canary-regression", (120, 40), "jj");
screen!(still, "calm", (80, 24), "f");
screen!(log_80x24, "canary-regression", (80, 24), "!L");
screen!(log_errors_120x40, "canary-regression", (120, 40), "!Lew/timed<enter>");
screen!(log_scrolled_80x24, "canary-regression", (80, 24), "Lgjj<c-d>");
screen!(log_of_a_job_80x24, "canary-regression", (80, 24), "2/throttle<enter>L");
screen!(log_without_a_restart_80x24, "calm", (80, 24), "Lp");
screen!(log_40x8, "calm", (40, 8), "L");
screen!(inbox_80x24, "canary-regression", (80, 24), "i");
screen!(links_120x40, "canary-regression", (120, 40), "o");
screen!(themes, "calm", (80, 24), ":themes<enter>");
screen!(light, "canary-regression", (80, 24), "", theme("light"));
screen!(high_contrast, "canary-regression", (80, 24), "", theme("high-contrast"));
screen!(colour_blind, "canary-regression", (80, 24), "", theme("colour-blind"));
screen!(mono, "canary-regression", (80, 24), "", Look::new(Theme::built_in("mono").unwrap(), Glyphs::Unicode, Depth::Mono));
screen!(ascii, "canary-regression", (120, 40), "", Look::new(Theme::built_in("dark").unwrap(), Glyphs::Ascii, Depth::C256));

#[test]
fn time_goes_on_only_when_it_is_told_to() {
    let cli = Cli::try_parse_from(["gonogo", "--demo=canary-regression", "--at", "5m"]).unwrap();
    let world = RUNTIME.block_on(World::open(&cli.global, None, false)).expect("the embedded world opens");
    let verdict = |keys: &str| {
        let steps = parse_keys(keys).unwrap();
        let end = RUNTIME.block_on(script(&world.engine, Options::new(Look::full()), (120, 40), &steps));
        plain(&end.frame).lines().nth(1).unwrap_or_default().trim().to_owned()
    };
    let before = verdict("");
    assert!(!before.starts_with("NO-GO"), "{before}");
    assert_eq!(verdict(""), before);
    let after = verdict("<wait 15m>");
    assert!(after.starts_with("NO-GO"), "{after}");
}
