//! The panes of the main screen and their fixed numbers.

use strum::EnumIter;

/// A region of the main screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter)]
pub enum Pane {
    /// Services x environments.
    #[default]
    Services,
    /// Runs of the pipelines.
    Runs,
    /// What changes with the release.
    Changes,
    /// The canary of the selected service.
    Canary,
    /// Errors and latency over time.
    Graphs,
    /// The checklist.
    Checklist,
    /// Feature flags.
    Flags,
    /// What happened.
    Events,
}

impl Pane {
    /// All of them by their numbers.
    pub const ALL: [Self; 8] =
        [Self::Services, Self::Runs, Self::Changes, Self::Canary, Self::Graphs, Self::Checklist, Self::Flags, Self::Events];

    /// Those that share the detail below 100 columns, in the order of their tabs.
    pub const TABS: [Self; 6] = [Self::Canary, Self::Runs, Self::Changes, Self::Graphs, Self::Checklist, Self::Flags];

    /// The digit that leads to it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Services => "1",
            Self::Runs => "2",
            Self::Changes => "3",
            Self::Canary => "4",
            Self::Graphs => "5",
            Self::Checklist => "6",
            Self::Flags => "7",
            Self::Events => "8",
        }
    }

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Services => "Services",
            Self::Runs => "Runs",
            Self::Changes => "Changes",
            Self::Canary => "Canary",
            Self::Graphs => "Graphs",
            Self::Checklist => "Checklist",
            Self::Flags => "Flags",
            Self::Events => "Events",
        }
    }

    /// Its name where room is short.
    pub fn short(self) -> &'static str {
        if self == Self::Checklist { "List" } else { self.title() }
    }

    /// The name of the command that goes there.
    pub fn command(self) -> &'static str {
        match self {
            Self::Services => "services",
            Self::Runs => "runs",
            Self::Changes => "changes",
            Self::Canary => "canary",
            Self::Graphs => "graphs",
            Self::Checklist => "checklist",
            Self::Flags => "flags",
            Self::Events => "events",
        }
    }

    /// Why there is nothing in it and how to change that, for panes whose sources this build does not read.
    pub fn not_configured(self) -> Option<&'static str> {
        match self {
            Self::Checklist => Some("not configured: this build reads no checklists yet"),
            Self::Flags => Some("not configured: this build reads no flag service yet"),
            _ => None,
        }
    }
}
