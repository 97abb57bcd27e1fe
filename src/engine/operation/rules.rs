//! The rules that keep an operation right. Only a test can switch one off, to see that the model notices.

/// Which rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Rules {
    fingerprint: bool,
    fence: bool,
    settle: bool,
    journal_first: bool,
    converge: bool,
}

impl Rules {
    /// All of them.
    pub(super) const ALL: Self = Self { fingerprint: true, fence: true, settle: true, journal_first: true, converge: true };

    /// Nothing is sent to an object that is not as the person saw it.
    pub(super) fn fingerprint(self) -> bool {
        self.fingerprint
    }

    /// What may still be on its way is fenced off before it counts as not applied.
    pub(super) fn fence(self) -> bool {
        self.fence
    }

    /// What was not answered is settled, and not sent again.
    pub(super) fn settle(self) -> bool {
        self.settle
    }

    /// The journal has it before the server.
    pub(super) fn journal_first(self) -> bool {
        self.journal_first
    }

    /// Accepted is not done.
    pub(super) fn converge(self) -> bool {
        self.converge
    }
}

#[cfg(test)]
impl Rules {
    pub(super) const NO_FINGERPRINT: Self = Self { fingerprint: false, ..Self::ALL };
    pub(super) const NO_FENCE: Self = Self { fence: false, ..Self::ALL };
    pub(super) const RESEND: Self = Self { settle: false, ..Self::ALL };
    pub(super) const JOURNAL_LAST: Self = Self { journal_first: false, ..Self::ALL };
    pub(super) const TRUST: Self = Self { converge: false, ..Self::ALL };
}
