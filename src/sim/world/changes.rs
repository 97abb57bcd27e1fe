//! What the commits of the company change: files, pull requests, labels. What has no row here changes one source file.

/// One file of a commit: path, what happened to it, lines that are new, lines that are gone.
pub type File = (&'static str, &'static str, u64, u64);

/// A commit that came with a version, or the version's own.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The service.
    pub service: &'static str,
    /// The version that it came with.
    pub version: &'static str,
    /// How long before the version's own commit, in minutes; 0 is that commit itself.
    pub before: u32,
    /// Its subject; that of the version's own commit is the title of its run.
    pub subject: &'static str,
    /// Its author.
    pub author: &'static str,
    /// The pull request.
    pub pull: u64,
    /// The labels of the pull request.
    pub labels: &'static [&'static str],
    /// What it changes.
    pub files: &'static [File],
}

/// The commits of which more is told.
pub static ROWS: [Row; 6] = [
    Row {
        service: "payment",
        version: "4.2.0",
        before: 190,
        subject: "Keep the acquirer's answer for a day",
        author: "mira",
        pull: 1_871,
        labels: &["backend"],
        files: &[
            ("services/payment/src/answers.rs", "modified", 64, 12),
            ("services/payment/config/retention.yaml", "added", 6, 0),
        ],
    },
    Row {
        service: "payment",
        version: "4.2.0",
        before: 95,
        subject: "Column for the time of authorisation",
        author: "ana",
        pull: 1_874,
        labels: &["migration", "needs-dba"],
        files: &[
            ("services/payment/migrations/0042_authorised_at.sql", "added", 9, 0),
            ("services/payment/src/model.rs", "modified", 18, 3),
        ],
    },
    Row {
        service: "payment",
        version: "4.2.0",
        before: 0,
        subject: "Retry card authorisation once on a timeout",
        author: "mira",
        pull: 1_879,
        labels: &["backend", "risk: high"],
        files: &[
            ("services/payment/src/authorise.rs", "modified", 88, 21),
            ("services/payment/config/limits.yaml", "modified", 2, 1),
            ("services/payment/tests/authorise.rs", "added", 120, 0),
        ],
    },
    Row {
        service: "order",
        version: "7.0.4",
        before: 0,
        subject: "Hold stock for ten minutes at checkout",
        author: "jon",
        pull: 1_888,
        labels: &["backend"],
        files: &[("services/order/src/hold.rs", "added", 140, 0), ("services/order/migrations/0031_holds.sql", "added", 14, 0)],
    },
    Row {
        service: "search",
        version: "7.7.0",
        before: 0,
        subject: "Synonyms from the shop's own glossary",
        author: "lea",
        pull: 1_877,
        labels: &["search"],
        files: &[("services/search/src/synonyms.rs", "added", 96, 0), ("services/search/config/glossary.yaml", "added", 210, 0)],
    },
    Row {
        service: "user",
        version: "2.1.0",
        before: 0,
        subject: "Throttle logins per account",
        author: "tomas",
        pull: 2_883,
        labels: &["security"],
        files: &[("services/user/src/login.rs", "modified", 51, 8)],
    },
];

/// The row of a commit, by its subject.
pub fn titled(service: &str, subject: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.before == 0 && row.service == service && row.subject == subject)
}

/// The commits that came with a version besides its own, the oldest first.
pub fn with(service: &str, version: &str) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(move |row| row.before > 0 && row.service == service && row.version == version)
}
