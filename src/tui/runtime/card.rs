//! The first-run card: nothing is configured yet, and these are the ways on.

use std::{io, time::Instant};

use jiff::SignedDuration;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};
use tokio::sync::mpsc;

use super::{INPUTS, signals};
use crate::tui::{
    input::{Arrival, Code, Input, Key, Reader, open_terminal},
    look::Look,
    terminal::{self, Modes, Screen},
    theme::Token,
    widget::{Panel, put, put_line, text},
};

/// What was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The cockpit on the embedded world.
    Demo,
    /// Write a configuration.
    Init,
    /// Nothing.
    Quit,
}

/// The keys, and what they do.
const WAYS: [(char, Choice, &str); 3] = [
    ('d', Choice::Demo, "open the cockpit on an embedded company"),
    ('i', Choice::Init, "write a configuration from what lies around"),
    ('q', Choice::Quit, "quit"),
];

/// Shows what was looked for and where, until a way is chosen. The terminal is given back on every way out.
///
/// # Errors
/// There is no terminal, or it cannot be read or written any more.
pub async fn card(look: &Look, looked: &[(String, String)]) -> io::Result<Choice> {
    let mut signals = signals::Signals::new()?;
    let out = terminal::output()?;
    let session = terminal::enter(Modes { mouse: false })?;
    let line = out.try_clone()?;
    let mut screen = Screen::new(out, terminal::size(&line));
    let started = Instant::now();
    let (sender, mut arrivals) = mpsc::channel(INPUTS);
    let listen = || {
        let clock = move || SignedDuration::try_from(started.elapsed()).unwrap_or(SignedDuration::MAX);
        Reader::spawn(open_terminal()?, clock, sender.clone())
    };
    let mut reader = listen()?;
    loop {
        screen.draw(|buf| {
            draw(buf, look, looked);
            None
        })?;
        tokio::select! {
            biased;
            signal = signals.next() => match signal {
                signals::Signal::Leave => return Ok(Choice::Quit),
                signals::Signal::Resized => screen.resize(terminal::size(&line)),
                signals::Signal::Stop => {
                    reader.stop();
                    session.suspend()?;
                    reader = listen()?;
                    screen.resize(terminal::size(&line));
                }
            },
            arrival = arrivals.recv() => match arrival {
                Some(Arrival::Inputs { inputs, .. }) => {
                    if let Some(choice) = inputs.iter().find_map(chosen) {
                        return Ok(choice);
                    }
                }
                Some(Arrival::HungUp) | None => return Ok(Choice::Quit),
            },
        }
    }
}

/// What an input chooses.
fn chosen(input: &Input) -> Option<Choice> {
    let Input::Key(key) = input else { return None };
    if *key == Key::ctrl('c') || key.code == Code::Esc {
        return Some(Choice::Quit);
    }
    WAYS.iter().find(|(c, ..)| *key == Key::char(*c)).map(|(_, choice, _)| *choice)
}

/// Draws the card in the middle; what does not fit is cut.
fn draw(buf: &mut Buffer, look: &Look, looked: &[(String, String)]) {
    let area = buf.area;
    let width = area.width.min(76);
    let inner = usize::from(width.saturating_sub(4));
    let label = looked.iter().map(|(what, _)| text::width(what)).max().unwrap_or(0) + 2;
    let mut lines: Vec<Line<'static>> = vec![
        Line::default(),
        Line::from(look.span(Token::Bright, "Nothing is configured yet, and nothing was found.")),
        Line::default(),
        Line::from(look.span(Token::Dim, "looked for")),
    ];
    for (what, places) in looked {
        let mut what = what.clone();
        for part in text::wrap(places, inner.saturating_sub(label + 1).max(8)) {
            let head = format!("  {}", text::pad(&std::mem::take(&mut what), label, ""));
            lines.push(Line::from(vec![look.span(Token::Text, head), look.span(Token::Dim, part)]));
        }
    }
    lines.push(Line::default());
    for (key, _, about) in WAYS {
        let key: Span<'static> = look.span(Token::Key, format!("  {key}  "));
        lines.push(Line::from(vec![key, look.span(Token::Text, about)]));
    }
    lines.push(Line::default());
    let height = (text::columns(lines.len()) + 2).min(area.height);
    let card = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let inside = Panel { title: "gonogo", focus: true, ..Panel::default() }.draw(card, buf, look);
    // The ways on are what counts: a low screen drops the beginning and not them.
    let skip = lines.len().saturating_sub(usize::from(inside.height));
    for (y, line) in (0u16..).zip(lines.iter().skip(skip)) {
        put_line(buf, inside, 1, y, line);
    }
    if inside.height == 0 {
        put(buf, area, 0, 0, "d demo  i init  q quit", look.style(Token::Text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked() -> Vec<(String, String)> {
        [
            ("a configuration", "~/.config/gonogo/config.toml, .gonogo.toml or gonogo.toml from here upwards"),
            ("a cluster", "KUBECONFIG"),
        ]
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .to_vec()
    }

    #[test]
    fn the_card_fits_every_terminal_and_never_loses_the_ways_on() {
        for (width, height) in [(80, 24), (120, 40), (40, 8), (24, 5), (3, 2), (1, 1)] {
            let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
            draw(&mut buf, &Look::full(), &looked());
            let shown = crate::tui::print::plain(&buf);
            if height >= 8 {
                for way in ["d  open", "i  write", "q  quit"] {
                    assert!(shown.contains(way), "{width}x{height}:\n{shown}");
                }
            }
            if (width, height) == (80, 24) {
                insta::assert_snapshot!("card", shown);
            }
        }
    }

    #[test]
    fn keys_choose_and_pastes_do_not() {
        assert_eq!(chosen(&Input::Key(Key::char('d'))), Some(Choice::Demo));
        assert_eq!(chosen(&Input::Key(Key::char('i'))), Some(Choice::Init));
        assert_eq!(chosen(&Input::Key(Key::ctrl('c'))), Some(Choice::Quit));
        assert_eq!(chosen(&Input::Key(Key::char('x'))), None);
        assert_eq!(chosen(&Input::Paste("d".to_owned())), None);
    }
}
