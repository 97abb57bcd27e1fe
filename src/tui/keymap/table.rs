//! Every key, one row each.

use super::{Binding, Group, Scope};
use crate::{
    action::Verb,
    tui::{
        command::{Command, Ui},
        model::Pane,
    },
};

const fn ui(scope: Scope, keys: &'static [&'static str], ui: Ui, group: Group, hint: &'static str) -> Binding {
    Binding { scope, keys, run: Command::Ui(ui), group, hint }
}

const fn act(scope: Scope, keys: &'static [&'static str], verb: Verb, hint: &'static str) -> Binding {
    Binding { scope, keys, run: Command::Act(verb), group: Group::Act, hint }
}

/// The bindings, in the order in which the footer and the help page show them.
pub const BINDINGS: &[Binding] = &[
    act(Scope::Always, &["A"], Verb::Abort, "abort"),
    ui(Scope::Always, &["B"], Ui::WaysBack, Group::Act, "ways back"),
    ui(Scope::Main, &["P"], Ui::Onward, Group::Act, "step"),
    ui(Scope::Main, &["H"], Ui::Halt, Group::Act, "pause"),
    ui(Scope::Main, &["a"], Ui::Menu, Group::Act, "actions"),
    act(Scope::Main, &[], Verb::Promote, ""),
    act(Scope::Main, &[], Verb::Step, ""),
    act(Scope::Main, &[], Verb::Pause, ""),
    act(Scope::Main, &[], Verb::Resume, ""),
    act(Scope::Main, &[], Verb::Retry, ""),
    act(Scope::Main, &[], Verb::Rollback, ""),
    act(Scope::Main, &[], Verb::Restart, ""),
    act(Scope::Main, &[], Verb::Fill, ""),
    act(Scope::Main, &[], Verb::Switch, ""),
    act(Scope::Main, &[], Verb::Retire, ""),
    ui(Scope::Main, &["<space>"], Ui::Mark, Group::Act, ""),
    ui(Scope::Main, &["O"], Ui::Operations, Group::Act, ""),
    ui(Scope::Main, &[], Ui::Arm, Group::Act, ""),
    ui(Scope::Main, &[], Ui::Disarm, Group::Act, ""),
    ui(Scope::Main, &["v"], Ui::Why, Group::See, "why"),
    ui(Scope::Main, &["!"], Ui::Worst, Group::See, "worst"),
    ui(Scope::Main, &["L"], Ui::Logs, Group::See, "log"),
    ui(Scope::Main, &["i"], Ui::Inbox, Group::See, "inbox"),
    ui(Scope::Main, &["o"], Ui::Links, Group::See, ""),
    ui(Scope::Log, &["e"], Ui::LogErrors, Group::Log, "errors"),
    ui(Scope::Log, &["s"], Ui::LogSince, Group::Log, "since"),
    ui(Scope::Log, &["c"], Ui::LogArm, Group::Log, "side"),
    ui(Scope::Log, &["p"], Ui::LogPrevious, Group::Log, "previous"),
    ui(Scope::Log, &["w"], Ui::LogWrap, Group::Log, "wrap"),
    ui(Scope::Main, &["<enter>"], Ui::Open, Group::See, ""),
    ui(Scope::Main, &["/"], Ui::Filter, Group::See, "filter"),
    ui(Scope::Main, &["n"], Ui::NextMatch, Group::See, ""),
    ui(Scope::Main, &["N"], Ui::PreviousMatch, Group::See, ""),
    ui(Scope::Main, &["f"], Ui::Still, Group::See, "still"),
    ui(Scope::Main, &["y"], Ui::Copy, Group::See, "copy"),
    ui(Scope::Main, &["R"], Ui::Refresh, Group::See, ""),
    ui(Scope::Main, &["t"], Ui::Zone, Group::See, ""),
    ui(Scope::Move, &["j", "<down>"], Ui::Down, Group::Move, ""),
    ui(Scope::Move, &["k", "<up>"], Ui::Up, Group::Move, ""),
    ui(Scope::Move, &["h", "<left>"], Ui::Left, Group::Move, ""),
    ui(Scope::Move, &["l", "<right>"], Ui::Right, Group::Move, ""),
    ui(Scope::Move, &["g", "<home>"], Ui::First, Group::Move, ""),
    ui(Scope::Move, &["G", "<end>"], Ui::Last, Group::Move, ""),
    ui(Scope::Move, &["<c-d>", "<pgdn>"], Ui::PageDown, Group::Move, ""),
    ui(Scope::Move, &["<c-u>", "<pgup>"], Ui::PageUp, Group::Move, ""),
    ui(Scope::Main, &["<tab>"], Ui::NextPane, Group::Move, ""),
    ui(Scope::Main, &["<s-tab>"], Ui::PreviousPane, Group::Move, ""),
    ui(Scope::Main, &["1"], Ui::Focus(Pane::Services), Group::Move, ""),
    ui(Scope::Main, &["2"], Ui::Focus(Pane::Runs), Group::Move, ""),
    ui(Scope::Main, &["3"], Ui::Focus(Pane::Changes), Group::Move, ""),
    ui(Scope::Main, &["4"], Ui::Focus(Pane::Canary), Group::Move, ""),
    ui(Scope::Main, &["5"], Ui::Focus(Pane::Graphs), Group::Move, ""),
    ui(Scope::Main, &["6"], Ui::Focus(Pane::Checklist), Group::Move, ""),
    ui(Scope::Main, &["7"], Ui::Focus(Pane::Flags), Group::Move, ""),
    ui(Scope::Main, &["8"], Ui::Focus(Pane::Events), Group::Move, ""),
    ui(Scope::Main, &["]"], Ui::NextTab, Group::Move, ""),
    ui(Scope::Main, &["["], Ui::PreviousTab, Group::Move, ""),
    ui(Scope::Main, &["+"], Ui::Zoom, Group::Move, "zoom"),
    ui(Scope::Main, &["_"], Ui::Unzoom, Group::Move, ""),
    ui(Scope::Main, &["%"], Ui::Percentile, Group::Move, ""),
    ui(Scope::Move, &["<esc>"], Ui::Back, Group::Leave, ""),
    ui(Scope::Main, &[":"], Ui::Palette, Group::Leave, "command"),
    ui(Scope::Main, &["?"], Ui::Help, Group::Leave, "help"),
    ui(Scope::Main, &[], Ui::Themes, Group::Leave, ""),
    ui(Scope::Always, &["q", "<c-c>"], Ui::Quit, Group::Leave, "quit"),
    ui(Scope::Always, &["<c-z>"], Ui::Suspend, Group::Leave, ""),
];
