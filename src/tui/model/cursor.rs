//! A selection that stays on its item, wherever the item moves to.

/// The selected item and the first row that is shown.
#[derive(Debug, Clone)]
pub struct Cursor<K> {
    /// The selected item; `None` until there is one.
    pub key: Option<K>,
    /// Where it was seen last: what takes its place when it is gone.
    pub at: usize,
    /// First row shown.
    pub offset: usize,
}

impl<K> Default for Cursor<K> {
    fn default() -> Self {
        Self { key: None, at: 0, offset: 0 }
    }
}

impl<K: PartialEq + Clone> Cursor<K> {
    /// The row of the selected item among `keys`.
    pub fn row(&self, keys: &[K]) -> Option<usize> {
        let found = self.key.as_ref().and_then(|key| keys.iter().position(|k| k == key));
        found.or_else(|| keys.len().checked_sub(1).map(|last| self.at.min(last)))
    }

    /// Selects the item in `row`.
    pub fn select(&mut self, keys: &[K], row: usize) {
        let Some(last) = keys.len().checked_sub(1) else { return };
        self.at = row.min(last);
        self.key = keys.get(self.at).cloned();
    }

    /// Moves by `by` rows.
    pub fn step(&mut self, keys: &[K], by: isize) {
        let row = self.row(keys).unwrap_or(0);
        self.select(keys, row.saturating_add_signed(by));
    }

    /// After the rows changed: stays on the item, or on what took its place. Before anybody chose, the first row stays
    /// selected, whichever item comes to stand there.
    pub fn follow(&mut self, keys: &[K]) {
        if self.key.is_some()
            && let Some(row) = self.row(keys)
        {
            self.select(keys, row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_on_its_item() {
        let mut cursor = Cursor::default();
        cursor.follow(&["a", "b", "c"]);
        assert_eq!((cursor.key, cursor.row(&["z", "a"])), (None, Some(0)), "nobody chose yet");
        cursor.step(&["a", "b", "c"], 1);
        cursor.follow(&["x", "y", "b"]);
        assert_eq!((cursor.key, cursor.at), (Some("b"), 2));
        cursor.follow(&["x", "y"]);
        assert_eq!(cursor.key, Some("y"), "what took its place");
        cursor.follow(&[]);
        cursor.step(&[], 5);
        assert_eq!(cursor.row(&[]), None);
    }
}
