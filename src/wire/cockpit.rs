//! `gonogo`: the cockpit on a terminal, or one frame of it without one.

use std::{collections::BTreeMap, io, path::PathBuf, sync::Arc, time::Duration};

use jiff::tz::TimeZone;
use tokio::sync::watch;

use super::{
    World, demo, last,
    world::{self, Closed},
};
use crate::{
    cli::{Cli, Colour, Command, Global},
    config::{Looked, Reloader, UiSettings},
    domain::{Exit, SafeText},
    headless::{Printer, say},
    tui::{
        glyph::Glyphs,
        input::{Step, parse_keys},
        keymap::Keymap,
        look::Look,
        print::{self, Ground},
        runtime::{self, Choice, Options, Reach},
        terminal,
        theme::{ColourChoice, Depth, Theme},
    },
};

/// How often the configuration is looked at while the cockpit runs.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long an answer to what was sent last is waited for when the cockpit ends.
const HANG_UP: Duration = Duration::from_secs(2);

/// Opens the cockpit.
pub async fn run(cli: &Cli, printer: &mut Printer) -> io::Result<Exit> {
    let global = &cli.global;
    if global.print.is_some() || global.keys.is_some() {
        return frame(cli, printer).await;
    }
    if !terminal::is_there() {
        say(
            "the cockpit needs a terminal",
            Some("gonogo status and gonogo check need none; --print 120x40 prints one frame".into()),
        );
        return Ok(Exit::Usage);
    }
    if std::env::var("TERM").is_ok_and(|t| t == "dumb") {
        say("this terminal cannot move its cursor (TERM=dumb)", Some("gonogo status prints everything once".into()));
        return Ok(Exit::Usage);
    }
    let world = match open(cli, true).await {
        Ok(world) => world,
        Err(Closed::Told(exit)) => return Ok(exit),
        Err(Closed::Nothing(looked)) => return first(global, &looked, printer).await,
    };
    cockpit(world, global).await
}

/// Nothing is configured and nothing was found: the card, and what is chosen on it.
async fn first(global: &Global, looked: &[Looked], printer: &mut Printer) -> io::Result<Exit> {
    let ui = UiSettings { theme: global.theme.clone(), ascii: global.ascii, ..UiSettings::default() };
    let look = match look(&ui, global) {
        Ok(look) => look,
        Err(why) => return Ok(usage(&why)),
    };
    let looked: Vec<(String, String)> = looked.iter().map(|l| (l.what.to_owned(), l.places.clone())).collect();
    match runtime::card(&look, &looked).await? {
        Choice::Quit => Ok(Exit::Done),
        Choice::Init => super::init::run(global, &super::init::Args::default(), printer).await,
        Choice::Demo => {
            let options =
                demo::Options { seed: global.seed, at: global.at, speed: global.speed, live: true, ..Default::default() };
            match World::embedded(options, None, global).await {
                Ok(world) => cockpit(world, global).await,
                Err(exit) => Ok(exit),
            }
        }
    }
}

/// Runs the screen, and runs it anew over a configuration that was changed and holds; one that does not is told, and
/// the old one stays.
async fn cockpit(mut world: World, global: &Global) -> io::Result<Exit> {
    let inputs = world::inputs(global);
    let mut reloader = Reloader::new(&inputs);
    let last = last::of(&world, global);
    loop {
        let mut options = match options(&world, global) {
            Ok(options) => options,
            Err(why) => return Ok(usage(&why)),
        };
        let notices = watch::Sender::new(SafeText::clean(""));
        options.notices = notices.subscribe();
        let changed = {
            let screen = runtime::run(&world.engine, options);
            tokio::pin!(screen);
            let keep = async {
                loop {
                    tokio::time::sleep(last::EVERY).await;
                    let (last, s) = (last.clone(), world.engine.snapshot());
                    // A home directory on the network may take its time.
                    tokio::task::spawn_blocking(move || last::keep(last.as_ref(), &s)).await.ok();
                }
            };
            tokio::pin!(keep);
            // What an earlier process left open is shown before anything else, and settled.
            let settle = async {
                if let Err(refusal) = world.engine.recover().await {
                    notices.send_replace(format!("whether an operation was left open is not known: {}", refusal.why).into());
                }
                std::future::pending::<()>().await;
            };
            tokio::pin!(settle);
            loop {
                tokio::select! {
                    done = &mut screen => {
                        world.engine.hang_up(HANG_UP).await;
                        return done;
                    }
                    () = &mut keep => {}
                    () = &mut settle => {}
                    // The embedded world has no file that a person could change.
                    () = tokio::time::sleep(LOOK_AGAIN), if world.demo.is_none() => {
                        // An operation ends on the engine that it was begun on.
                        if world.engine.is_busy() {
                            continue;
                        }
                        match reloader.poll(&inputs) {
                            None => {}
                            Some(Ok(loaded)) => break loaded,
                            Some(Err(faults)) => {
                                let first = faults.first().map(ToString::to_string).unwrap_or_default();
                                notices.send_replace(format!("the old configuration stays: {first}").into());
                            }
                        }
                    }
                }
            }
        };
        world = match World::configured(changed.settings, None, changed.files, changed.notes, global).await {
            Ok(world) => world,
            Err(exit) => return Ok(exit),
        };
    }
}

/// Presses the scripted keys and prints the last frame.
async fn frame(cli: &Cli, printer: &mut Printer) -> io::Result<Exit> {
    let global = &cli.global;
    let steps: Vec<Step> = match parse_keys(global.keys.as_deref().unwrap_or_default()) {
        Ok(steps) => steps,
        Err(e) => return Ok(usage(&format!("--keys: {e}"))),
    };
    let what = global.print.as_deref().unwrap_or("120x40");
    let svg = what == "svg";
    let Some(size) = size(if svg { &global.size } else { what }) else {
        return Ok(usage("--print takes WxH, up to 500x200, or svg; --size takes WxH"));
    };
    let world = match open(cli, false).await {
        Ok(world) => world,
        Err(Closed::Told(exit)) => return Ok(exit),
        Err(Closed::Nothing(looked)) => return Ok(usage(&super::first::card(&looked))),
    };
    let mut options = match options(&world, global) {
        Ok(options) => options,
        Err(why) => return Ok(usage(&why)),
    };
    if svg {
        // A picture has all colours, whatever terminal asks for it.
        options.look = Look::new(options.look.theme().clone(), options.look.glyphs(), Depth::True);
    }
    let end = runtime::script(&world.engine, options, size, &steps).await;
    let ground = if end.look.theme().name == "light" { Ground::light() } else { Ground::default() };
    printer.raw(&if svg { print::svg(&end.frame, ground) } else { print::plain(&end.frame) })?;
    Ok(Exit::Done)
}

async fn open(cli: &Cli, live: bool) -> Result<World, Closed> {
    let global = &cli.global;
    match &cli.command {
        Some(Command::Demo { scenario }) => {
            let options = demo::Options { scenario: *scenario, seed: global.seed, at: global.at, speed: global.speed, live };
            Ok(World::embedded(options, None, global).await?)
        }
        _ => World::open_or(global, None, live).await,
    }
}

fn options(world: &World, global: &Global) -> Result<Options, String> {
    let ui = &world.settings.ui;
    let env: BTreeMap<String, String> = std::env::vars().collect();
    Ok(Options {
        reach: Reach::of(&env),
        themes: themes(),
        keymap: Arc::new(Keymap::with(&ui.keys)?),
        mouse: ui.mouse,
        read_only: world.settings.read_only,
        scripted_acts: world.demo.is_some(),
        local: TimeZone::system(),
        ..Options::new(look(ui, global)?)
    })
}

fn themes() -> Option<PathBuf> {
    world::config_dir().map(|d| d.join("themes"))
}

/// How the screen looks on this terminal.
fn look(ui: &UiSettings, global: &Global) -> Result<Look, String> {
    let env: BTreeMap<String, String> = std::env::vars().collect();
    let themes = themes();
    let theme = Theme::load(ui.theme.as_deref().unwrap_or("dark"), themes.as_deref()).map_err(|e| e.to_string())?;
    let choice = match global.color {
        Colour::Auto => ColourChoice::Auto,
        Colour::Always => ColourChoice::Always,
        Colour::Never => ColourChoice::Never,
    };
    let look = Look::new(theme, Glyphs::detect(ui.ascii, &env), Depth::detect(choice, &env));
    Ok(if Look::is_remote(&env) { look.for_slow_line() } else { look })
}

/// `120x40`, each at least 1 and at most 500x200.
fn size(text: &str) -> Option<(u16, u16)> {
    let (w, h) = text.split_once('x')?;
    let (w, h) = (w.parse().ok()?, h.parse().ok()?);
    ((1..=500).contains(&w) && (1..=200).contains(&h)).then_some((w, h))
}

fn usage(why: &str) -> Exit {
    say(why, None);
    Exit::Usage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(size("120x40"), Some((120, 40)));
        for wrong in ["", "120", "0x40", "501x40", "120x201", "axb", "1x-1"] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }
}
