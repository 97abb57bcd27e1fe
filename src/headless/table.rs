//! Columns of plain text: left-aligned words, right-aligned numbers, two spaces between.

use unicode_width::UnicodeWidthStr;

/// Rows of cells; a column that starts with `>` in the head is right-aligned.
#[derive(Debug, Default)]
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with this head.
    pub fn new<S: Into<String> + Clone>(head: &[S]) -> Self {
        Self { head: head.iter().cloned().map(Into::into).collect(), rows: vec![] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The text, one line per row, each with its line end.
    pub fn text(&self) -> String {
        let names: Vec<&str> = self.head.iter().map(|h| h.trim_start_matches('>')).collect();
        let width = |i: usize| {
            let cells = self.rows.iter().filter_map(|r| r.get(i)).map(|c| c.width());
            cells.chain([names[i].width()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..names.len()).map(width).collect();
        let line = |cells: &[&str]| {
            let mut out = String::new();
            for (i, cell) in cells.iter().enumerate() {
                let pad = " ".repeat(widths[i].saturating_sub(cell.width()));
                if self.head[i].starts_with('>') {
                    out.push_str(&pad);
                    out.push_str(cell);
                } else {
                    out.push_str(cell);
                    out.push_str(&pad);
                }
                out.push_str("  ");
            }
            format!("{}\n", out.trim_end())
        };
        let rows = self.rows.iter().map(|r| line(&r.iter().map(String::as_str).collect::<Vec<_>>()));
        std::iter::once(line(&names)).chain(rows).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_left_and_numbers_right() {
        let mut t = Table::new(&["NAME", ">N"]);
        t.row(vec!["payment".into(), "7".into()]);
        t.row(vec!["é".into(), "611".into()]);
        assert_eq!(t.text(), "NAME       N\npayment    7\né        611\n");
    }
}
