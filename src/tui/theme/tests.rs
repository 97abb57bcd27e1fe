use ratatui::style::Color;

use super::*;

fn with(files: &[(&str, &str)], name: &str) -> Result<Theme, ThemeError> {
    Theme::resolve(name, &|wanted| {
        let (file, text) = files.iter().find(|(file, _)| *file == wanted)?;
        Some((format!("{file}.toml"), (*text).to_owned()))
    })
}

#[test]
fn every_built_in_theme_is_complete() {
    for name in Theme::built_in_names() {
        let theme = Theme::built_in(name).expect(name);
        assert_eq!(theme.name, name);
    }
}

#[test]
fn depth_changes_the_colour_of_a_token() {
    let dark = Theme::built_in("dark").expect("built in");
    assert_eq!(dark.style(Token::Go, Depth::True).fg, Some(Color::Rgb(0x3f, 0xb9, 0x50)));
    assert_eq!(dark.style(Token::Go, Depth::C256).fg, Some(Color::Indexed(71)));
    assert_eq!(dark.style(Token::Go, Depth::C16).fg, Some(Color::Green));
    assert_eq!(dark.style(Token::Go, Depth::Mono).fg, None);
    assert_eq!(dark.style(Token::NoGoFill, Depth::Mono).add_modifier, Modifier::BOLD | Modifier::REVERSED);
    assert_eq!(dark.style(Token::Selected, Depth::C16).bg, None, "16 colours have no faint band");
}

#[test]
fn the_background_of_the_terminal_stays() {
    let filled = [Token::GoFill, Token::HoldFill, Token::NoGoFill, Token::UnknownFill, Token::Brand, Token::Selected];
    for name in Theme::built_in_names() {
        let theme = Theme::built_in(name).expect(name);
        for token in Token::iter().filter(|token| !filled.contains(token)) {
            assert_eq!(theme.style(token, Depth::True).bg, None, "{name} {}", token.name());
        }
    }
}

#[test]
fn states_differ_from_each_other_in_every_coloured_theme() {
    let states = [Token::Go, Token::Hold, Token::NoGo, Token::Unknown];
    for name in ["dark", "light", "high-contrast", "colour-blind"] {
        let theme = Theme::built_in(name).expect(name);
        for depth in [Depth::True, Depth::C256, Depth::C16] {
            for (at, one) in states.iter().enumerate() {
                for other in &states[at + 1..] {
                    assert_ne!(theme.style(*one, depth).fg, theme.style(*other, depth).fg, "{name} {depth:?}");
                }
            }
        }
    }
}

/// Contrast ratio of WCAG 2.1.
fn contrast(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
    let linear = |v: u8| {
        let v = f64::from(v) / 255.0;
        if v <= 0.039_28 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    let light = |(r, g, b): (u8, u8, u8)| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    let (x, y) = (light(a), light(b));
    (x.max(y) + 0.05) / (x.min(y) + 0.05)
}

#[test]
fn words_can_be_read_on_the_usual_background() {
    let cases = [
        ("dark", (0x0d, 0x11, 0x17), 4.5),
        ("light", (255, 255, 255), 4.5),
        ("high-contrast", (0, 0, 0), 7.0),
        ("colour-blind", (0x0d, 0x11, 0x17), 4.5),
    ];
    let said = [
        Token::Text,
        Token::Bright,
        Token::Go,
        Token::Hold,
        Token::NoGo,
        Token::Unknown,
        Token::Canary,
        Token::Baseline,
        Token::Key,
        Token::Link,
        Token::Production,
        Token::Armed,
    ];
    for (name, ground, least) in cases {
        let theme = Theme::built_in(name).expect(name);
        for token in said {
            let rgb = theme.rgb(token).expect("has a colour");
            let ratio = contrast(rgb, ground);
            assert!(ratio >= least, "{name}: {} has a contrast of {ratio:.1}", token.name());
        }
    }
}

#[test]
fn a_user_file_overrides_the_built_in_it_is_named_after() {
    let mine = "inherits = \"dark\"\n[palette]\ngreen = \"#00ff00\"\n";
    let theme = with(&[("dark", mine)], "dark").expect("valid");
    assert_eq!(theme.style(Token::Go, Depth::True).fg, Some(Color::Rgb(0, 255, 0)));
    assert_eq!(theme.style(Token::GoFill, Depth::True).bg, Some(Color::Rgb(0, 255, 0)));
    assert_eq!(theme.style(Token::Go, Depth::C256).fg, Some(Color::Indexed(46)));
    assert_eq!(theme.rgb(Token::Hold), Theme::built_in("dark").expect("built in").rgb(Token::Hold));
}

#[test]
fn errors_name_file_line_and_key() {
    let cases = [
        ("x = 1", "t.toml:1: x: `x` is not known here; inherits, palette, tokens are"),
        (
            "inherits = \"drak\"",
            "t.toml:1: inherits: there is no theme `drak`; built in are dark, light, \
          high-contrast, colour-blind, mono",
        ),
        ("\n[palette]\nred = \"red\"", "t.toml:3: palette.red: `red` is no colour; write \"#rrggbb\""),
        (
            "[palette]\nred = { rgb = \"#ff0000\",\n c16 = \"pink\" }",
            "t.toml:3: palette.red.c16: `pink` is none of black, red … bright-white, default",
        ),
        ("[palette]\nred = { rgb = \"#ff0000\", c256 = 256 }", "t.toml:2: palette.red.c256: must be 0 to 255, or \"default\""),
        ("[palette]\nred = 3", "t.toml:2: palette.red: must be \"#rrggbb\" or { rgb, c256, c16 }"),
        (
            "inherits = \"dark\"\n[tokens.go]\nfg = \"gren\"\n",
            "t.toml:3: tokens.go.fg: `gren` is not in [palette]; \
          there are amber, band, blue, bright, dim, faint, green, ink, line, orange, red, red-block, red-line, sky, \
          text, violet",
        ),
        (
            "[tokens]\ngo = { attr = [\"bald\"] }",
            "t.toml:2: tokens.go.attr: `bald` is none of bold, dim, italic, underline, reverse, strike",
        ),
        (
            "[tokens]\ngo = { colour = \"green\" }",
            "t.toml:2: tokens.go.colour: `colour` is not known here; fg, bg, attr, mono are",
        ),
        ("[tokens]\ntext = \"#ffffff\"", "t.toml: tokens: says nothing about `bright`; add it, or `inherits = \"dark\"`"),
    ];
    for (text, wanted) in cases {
        let said = with(&[("t", text)], "t").expect_err(text).to_string();
        assert_eq!(said, wanted);
    }
    let said = with(&[("t", "[tokens]\ngo = \n")], "t").expect_err("not TOML").to_string();
    assert!(said.starts_with("t.toml:2: "), "{said}");
    let said = with(&[("t", "[tokens]\nwent = \"#ffffff\"")], "t").expect_err("no such token").to_string();
    assert!(said.starts_with("t.toml:2: tokens.went: `went` is not a token; known: text, bright, "), "{said}");
}

#[test]
fn a_circle_is_an_error() {
    let files = [("a", "inherits = \"b\""), ("b", "inherits = \"a\"")];
    let said = with(&files, "a").expect_err("circle").to_string();
    assert_eq!(
        said,
        "b.toml:1: inherits: there is no theme `a`; built in are dark, light, high-contrast, \
        colour-blind, mono"
    );
}

#[test]
fn a_name_cannot_leave_the_directory() {
    let directory = tempfile::tempdir().expect("temporary directory");
    std::fs::write(directory.path().join("evil.toml"), "inherits = \"dark\"").expect("written");
    let inner = directory.path().join("themes");
    std::fs::create_dir(&inner).expect("made");
    assert!(Theme::load("../evil", Some(&inner)).is_err());
    std::fs::write(inner.join("evil.toml"), "inherits = \"dark\"").expect("written");
    assert!(Theme::load("evil", Some(&inner)).is_ok());
}
