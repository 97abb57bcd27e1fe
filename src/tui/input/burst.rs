//! Keys that came faster than anybody types are a paste.

use jiff::SignedDuration;

use super::Input;
use super::key::{Code, Key};

/// More text keys than this within [`WINDOW`] are a paste.
const TYPED: usize = 3;
/// The time in which they would have to come.
const WINDOW: SignedDuration = SignedDuration::from_millis(5);
/// After a paste, text keys are still part of it for so long: a text that holds the end mark of
/// pastes would otherwise go on as keys.
const AFTER: SignedDuration = SignedDuration::from_millis(50);

/// Takes pastes out of a stream of inputs; the caller says when each batch arrived.
///
/// A held key repeats, and over a slow line its repeats arrive together: the same key many times is
/// no paste. The first three keys of a burst that arrives key by key have already been passed on
/// when the fourth shows it to be one: nothing that changes the world may hang on fewer.
#[derive(Clone, Debug, Default)]
pub struct Bursts {
    /// The last text keys with their times, at most [`TYPED`].
    last: Vec<(SignedDuration, Key)>,
    /// Until when text keys belong to the paste before.
    pasting_until: Option<SignedDuration>,
}

impl Bursts {
    /// What a batch of inputs that arrived at `at` amounts to. Times must not go backwards.
    pub fn sort(&mut self, at: SignedDuration, inputs: Vec<Input>) -> Vec<Input> {
        let mut out = Vec::with_capacity(inputs.len());
        let mut run: Vec<Key> = Vec::new();
        for input in inputs {
            match input {
                Input::Key(key) if key.is_text() => run.push(key),
                other => {
                    self.close(at, &mut run, &mut out);
                    if matches!(other, Input::Paste(_)) {
                        self.pasting_until = Some(at + AFTER);
                        self.last.clear();
                    }
                    out.push(other);
                }
            }
        }
        self.close(at, &mut run, &mut out);
        out
    }

    /// Decides over the text keys that came together.
    fn close(&mut self, at: SignedDuration, run: &mut Vec<Key>, out: &mut Vec<Input>) {
        if run.is_empty() {
            return;
        }
        let keys = std::mem::take(run);
        let in_paste = self.pasting_until.is_some_and(|until| at <= until);
        self.last.retain(|(then, _)| at - *then <= WINDOW);
        let together = self.last.len() + keys.len();
        let first = self.last.first().map_or(keys[0], |(_, key)| *key);
        let same = self.last.iter().map(|(_, key)| key).chain(&keys).all(|key| *key == first);
        if in_paste || (together > TYPED && !same) {
            self.pasting_until = Some(at + AFTER);
            self.last.clear();
            out.push(Input::Paste(keys.iter().filter_map(|key| letter(*key)).collect()));
            return;
        }
        self.last.extend(keys.iter().map(|key| (at, *key)));
        let surplus = self.last.len().saturating_sub(TYPED);
        self.last.drain(..surplus);
        out.extend(keys.into_iter().map(Input::Key));
    }
}

fn letter(key: Key) -> Option<char> {
    match key.code {
        Code::Char(c) => Some(c),
        Code::Enter => Some('\n'),
        Code::Tab => Some('\t'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: i64) -> SignedDuration {
        SignedDuration::from_millis(ms)
    }

    fn keys(text: &str) -> Vec<Input> {
        text.chars().map(|c| Input::Key(if c == '\n' { Key::plain(Code::Enter) } else { Key::char(c) })).collect()
    }

    fn paste(text: &str) -> Vec<Input> {
        vec![Input::Paste(text.to_owned())]
    }

    #[test]
    fn many_keys_at_once_are_a_paste() {
        assert_eq!(Bursts::default().sort(ms(0), keys("jjk")), keys("jjk"));
        assert_eq!(Bursts::default().sort(ms(0), keys("ab\ny")), paste("ab\ny"));
    }

    #[test]
    fn a_held_key_is_no_paste() {
        let held = keys(&"j".repeat(200));
        assert_eq!(Bursts::default().sort(ms(0), held.clone()), held);
    }

    #[test]
    fn keys_in_quick_reads_add_up() {
        let mut bursts = Bursts::default();
        assert_eq!(bursts.sort(ms(0), keys("a")), keys("a"));
        assert_eq!(bursts.sort(ms(1), keys("b")), keys("b"));
        assert_eq!(bursts.sort(ms(2), keys("c")), keys("c"));
        assert_eq!(bursts.sort(ms(4), keys("y")), paste("y"));
        assert_eq!(bursts.sort(ms(40), keys("y")), paste("y"), "still within 50 ms of the paste");
        assert_eq!(bursts.sort(ms(91), keys("y")), keys("y"));
    }

    #[test]
    fn typing_is_typing() {
        let mut bursts = Bursts::default();
        for at in 0..100 {
            let one = keys(if at % 2 == 0 { "a" } else { "b" });
            assert_eq!(bursts.sort(ms(at * 6), one.clone()), one);
        }
    }

    #[test]
    fn after_a_paste_there_is_a_pause() {
        let mut bursts = Bursts::default();
        let mut inputs = paste("safe");
        inputs.extend(keys("p\ny"));
        assert_eq!(bursts.sort(ms(0), inputs), [paste("safe"), paste("p\ny")].concat());
        assert_eq!(bursts.sort(ms(50), keys("y")), paste("y"));
        assert_eq!(bursts.sort(ms(101), keys("y")), keys("y"));
    }

    #[test]
    fn control_keys_and_arrows_pass_a_burst() {
        let mut bursts = Bursts::default();
        let stop = Input::Key(Key::ctrl('c'));
        let mut inputs = keys("abcd");
        inputs.push(stop.clone());
        assert_eq!(bursts.sort(ms(0), inputs), [paste("abcd"), vec![stop]].concat());
        let arrows: Vec<Input> =
            [Code::Up, Code::Down, Code::Left, Code::Up, Code::Esc].map(|code| Input::Key(Key::plain(code))).to_vec();
        assert_eq!(bursts.sort(ms(1), arrows.clone()), arrows);
    }
}
