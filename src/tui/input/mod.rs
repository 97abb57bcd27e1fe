//! What comes from the terminal, from bytes to inputs.
//!
//! [`Decoder`] turns bytes into [`Input`]s and [`Bursts`] takes pastes out of what looks like keys;
//! both are pure. [`Reader`] is the thread that feeds them.

mod burst;
mod decode;
mod key;
mod reader;
mod script;

pub use burst::Bursts;
pub use decode::Decoder;
pub use key::{Code, Key, KeyError};
pub use reader::{Arrival, Reader, open_terminal};
pub use script::{ScriptError, Step, parse_keys};

/// One thing the terminal said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted, or came faster than anybody types. Line ends are `\n`; control, bidi and
    /// zero-width characters are gone.
    Paste(String),
    /// The mouse.
    Mouse(Mouse),
    /// The terminal's window got (`true`) or lost the focus.
    Focus(bool),
    /// The terminal answered `CSI 5n`: it has seen everything written before the question.
    Status,
    /// Something else, swallowed whole.
    Unknown,
}

/// A report of the mouse, in cells from the upper left corner, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mouse {
    /// What happened.
    pub kind: MouseKind,
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// With which modifiers.
    pub ctrl: bool,
    /// Alt or Meta.
    pub alt: bool,
    /// Shift.
    pub shift: bool,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseKind {
    /// A button went down.
    Press(Button),
    /// A button went up.
    Release(Button),
    /// Moved with a button held.
    Drag(Button),
    /// Moved.
    Move,
    /// The wheel, away from the person.
    ScrollUp,
    /// The wheel, towards the person.
    ScrollDown,
}

/// A button of the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// Left.
    Left,
    /// Middle.
    Middle,
    /// Right.
    Right,
}
