use ratatui::layout::Rect;

use super::*;
use crate::tui::{model::fixture, print};

pub fn frame(m: &Model, look: &Look) -> Buffer {
    let mut buf = Buffer::empty(Rect::new(0, 0, m.size.0, m.size.1));
    draw_into(m, look, &mut buf);
    buf
}

#[test]
fn picture() {
    let Ok(dir) = std::env::var("GONOGO_PICTURES") else { return };
    for (w, h) in [(80, 24), (120, 40), (200, 60), (60, 14), (40, 8), (99, 30)] {
        let buf = frame(&fixture::model(w, h), &Look::full());
        std::fs::write(format!("{dir}/{w}x{h}.svg"), print::svg(&buf, print::Ground::default())).unwrap();
    }
}
