//! What was measured beside errors and latency: what the router says, saturation, series with names, and notes.

use ratatui::layout::Rect;

use super::super::Canvas;
use crate::{
    domain::{ArmMetrics, NamedSeries},
    tui::{
        look::Look,
        theme::Token,
        widget::{put, sparkline},
    },
};

/// One row.
pub enum Row {
    /// A sentence.
    Note(String),
    /// A series with its curve.
    Series {
        /// Whose and which.
        name: String,
        /// The newest value and the limit.
        value: String,
        /// Whether it is over its limit.
        over: bool,
        /// The curve.
        points: std::sync::Arc<[f64]>,
    },
}

/// The rows for the arms that are shown, notes first.
pub fn lines(look: &Look, test: Option<&ArmMetrics>, base: Option<&ArmMetrics>) -> Vec<Row> {
    let mut out = vec![];
    for arm in [test, base].into_iter().flatten() {
        out.extend(arm.notes.iter().map(|n| Row::Note(n.to_string())));
    }
    for (who, arm) in [("canary ", test), ("", base)] {
        for series in arm.iter().flat_map(|a| &a.series) {
            out.push(Row::Series {
                name: format!("{who}{}", series.name),
                value: value(look, series),
                over: series.over(),
                points: series.points.clone(),
            });
        }
    }
    out
}

fn value(_look: &Look, series: &NamedSeries) -> String {
    let number = |v: f64| if v.abs() < 10.0 { format!("{v:.1}") } else { format!("{v:.0}") };
    let unit = if series.unit.is_empty() { String::new() } else { format!(" {}", series.unit) };
    let now = match &series.value {
        Ok(v) => format!("{}{unit}", number(*v)),
        Err(why) => why.to_string(),
    };
    series.limit.map_or(now.clone(), |limit| format!("{now}, limit {}", number(limit)))
}

/// Draws as many rows as there is room for.
pub fn draw(c: &mut Canvas<'_>, area: Rect, rows: &[Row]) {
    for (y, row) in (0..area.height).zip(rows) {
        match row {
            Row::Note(text) => {
                let text = c.look.cut(text, usize::from(area.width.saturating_sub(2))).into_owned();
                put(c.buf, area, 1, y, &text, c.look.style(Token::Hold));
            }
            Row::Series { name, value, over, points } => {
                let width = area.width.saturating_sub(2);
                let (name_width, value_width) = (width.min(20), (width / 3).min(28));
                let name = c.look.cut(name, usize::from(name_width)).into_owned();
                put(c.buf, area, 1, y, &name, c.look.style(Token::Dim));
                let token = if *over { Token::Hold } else { Token::Text };
                let value = c.look.cut(value, usize::from(value_width)).into_owned();
                let left = 1 + width.saturating_sub(value_width);
                put(c.buf, area, left, y, &value, c.look.style(token));
                let curve = Rect {
                    x: area.x + 1 + name_width + 1,
                    y: area.y + y,
                    width: width.saturating_sub(name_width + value_width + 2),
                    height: 1,
                };
                if curve.width > 4 {
                    sparkline(c.buf, curve, points, None, if *over { Token::Hold } else { Token::Baseline }, c.look);
                }
            }
        }
    }
}
