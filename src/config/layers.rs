//! The layers: which files there are, and what is laid over what.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use super::{
    fault::Fault,
    file::schema,
    narrow::{narrow, never},
    resolve,
    settings::Settings,
    shape,
    tree::{self, Node, Value},
    trust::{self, Trust, hash_of},
};

/// What a file holds. Not `Debug`: it may be a token's file.
#[derive(Clone)]
pub struct Stored {
    /// Its text.
    pub text: String,
    /// Its permission bits, where the system has them.
    pub mode: Option<u32>,
}

/// The files that a loader can see.
pub trait Disk: Send + Sync {
    /// Reads a file.
    fn read(&self, path: &Path) -> io::Result<Stored>;
    /// Whether something stands there.
    fn exists(&self, path: &Path) -> bool;
}

/// The disk of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn read(&self, path: &Path) -> io::Result<Stored> {
        let text = std::fs::read_to_string(path)?;
        #[cfg(unix)]
        let mode = Some(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path)?.permissions()));
        #[cfg(not(unix))]
        let mode = None;
        Ok(Stored { text, mode })
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }
}

/// What the flags say: the last layer.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--theme`.
    pub theme: Option<String>,
    /// `--ascii`.
    pub ascii: bool,
    /// `--read-only`.
    pub read_only: bool,
}

/// Everything that a configuration is made from. Nothing else is looked at.
pub struct Inputs<'a> {
    /// `--config FILE`: instead of the user's and the repository's file.
    pub flag_file: Option<PathBuf>,
    /// The user's configuration directory; `config.toml` is looked for in it.
    pub user_dir: Option<PathBuf>,
    /// The state directory, where trust in repository files is recorded.
    pub state_dir: Option<PathBuf>,
    /// The directory from which a repository's file is looked for, upwards to the root of the repository.
    pub cwd: PathBuf,
    /// What `~/` stands for.
    pub home: PathBuf,
    /// The environment. Only `GONOGO_MOUSE`, `GONOGO_PROMETHEUS`, `GONOGO_CONFIG` and variables that a
    /// configuration names are read; the other `GONOGO_*` belong to the command line.
    pub env: BTreeMap<String, String>,
    /// What the flags say.
    pub flags: Overrides,
    /// The names of bindings that `[keys]` may name; not checked where empty.
    pub known_keys: &'a [&'a str],
    /// The files.
    pub disk: &'a dyn Disk,
}

impl<'a> Inputs<'a> {
    /// Inputs that see no file and no environment.
    pub fn bare(disk: &'a dyn Disk) -> Self {
        Self {
            flag_file: None,
            user_dir: None,
            state_dir: None,
            cwd: PathBuf::from("/"),
            home: PathBuf::from("/"),
            env: BTreeMap::new(),
            flags: Overrides::default(),
            known_keys: &[],
            disk,
        }
    }

    /// The file that stands instead of the search: the flag's, then `GONOGO_CONFIG`.
    pub(super) fn named(&self) -> Option<PathBuf> {
        let env = || self.env.get("GONOGO_CONFIG").filter(|v| !v.is_empty()).map(PathBuf::from);
        self.flag_file.clone().or_else(env).map(|p| self.cwd.join(p))
    }

    /// The user's file, whether or not it is there.
    pub fn user_file(&self) -> Option<PathBuf> {
        self.user_dir.as_ref().map(|d| d.join("config.toml"))
    }

    /// Where trust in repository files is recorded: one line a file, its SHA-256 first.
    pub fn trust_file(&self) -> Option<PathBuf> {
        self.state_dir.as_ref().map(|d| d.join("trusted"))
    }

    /// The repository's file, if there is one. Outside a repository only the current directory is looked at.
    pub fn repository_file(&self) -> Option<PathBuf> {
        let root = self.cwd.ancestors().find(|d| self.disk.exists(&d.join(".git")));
        let last = root.unwrap_or(&self.cwd);
        self.cwd
            .ancestors()
            .take_while(|d| d.starts_with(last))
            .flat_map(|d| [d.join(".gonogo.toml"), d.join("gonogo.toml")])
            .find(|p| self.disk.exists(p))
    }
}

/// A configuration that holds.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it comes down to.
    pub settings: Settings,
    /// The files it was read from, lowest layer first; none: nothing is configured.
    pub files: Vec<PathBuf>,
    /// What was left out, and why.
    pub notes: Vec<Fault>,
}

/// Reads and joins every layer; all faults at once.
pub fn load(inputs: &Inputs<'_>) -> Result<Loaded, Vec<Fault>> {
    load_as(inputs, None)
}

/// The same; with a repository's file and whether to trust it, whatever is named, found or recorded.
pub(super) fn load_as(inputs: &Inputs<'_>, repository: Option<(&Path, bool)>) -> Result<Loaded, Vec<Fault>> {
    let mut layers = Layers::new(inputs);
    if let Some(path) = inputs.named().filter(|_| repository.is_none()) {
        if let Some((node, _)) = layers.read(&path) {
            layers.lay(path, &node);
        }
        return layers.finish();
    }
    if let Some(path) = inputs.user_file().filter(|p| inputs.disk.exists(p))
        && let Some((node, _)) = layers.read(&path)
    {
        layers.lay(path, &node);
    }
    if let Some(path) = repository.map(|(path, _)| path.to_path_buf()).or_else(|| inputs.repository_file())
        && let Some((mut node, hash)) = layers.read(&path)
    {
        let trust = match repository {
            Some((_, true)) => Trust::Trusted,
            Some((_, false)) => Trust::Never,
            None => trust::of(inputs, &path, &hash),
        };
        let notes = match trust {
            Trust::Trusted => never(&mut node),
            Trust::Changed => narrow(&mut node, &layers.root, "it changed since it was trusted: gonogo config trust"),
            Trust::Never => narrow(&mut node, &layers.root, "not trusted: gonogo config trust"),
        };
        layers.notes.extend(notes);
        layers.lay(path, &node);
    }
    layers.finish()
}

/// Reads `text` as if it stood in the file `name`, given by `--config`.
pub fn load_text(name: &Path, text: &str, inputs: &Inputs<'_>) -> Result<Loaded, Vec<Fault>> {
    let mut layers = Layers::new(inputs);
    let node = layers.parse(name, text);
    layers.lay(name.to_path_buf(), &node);
    layers.finish()
}

struct Layers<'a, 'i> {
    inputs: &'a Inputs<'i>,
    schema: serde_json::Value,
    root: Node,
    files: Vec<PathBuf>,
    notes: Vec<Fault>,
    faults: Vec<Fault>,
}

impl<'a, 'i> Layers<'a, 'i> {
    fn new(inputs: &'a Inputs<'i>) -> Self {
        let root = Node::empty(Path::new("configuration"));
        Self { inputs, schema: schema(), root, files: vec![], notes: vec![], faults: vec![] }
    }

    fn read(&mut self, path: &Path) -> Option<(Node, String)> {
        match self.inputs.disk.read(path) {
            Ok(stored) => {
                let hash = hash_of(&stored.text);
                Some((self.parse(path, &stored.text), hash))
            }
            Err(e) => {
                self.faults.push(Fault::file(path, format!("cannot be read: {e}"), "check its path and permissions"));
                None
            }
        }
    }

    fn parse(&mut self, path: &Path, text: &str) -> Node {
        let (mut node, faults) = tree::parse(path, text);
        // What follows a syntax fault was guessed by the parser: its faults would mislead.
        let broken = !faults.is_empty();
        self.faults.extend(faults);
        let shape = shape::check(&mut node, &self.schema);
        if !broken {
            self.faults.extend(shape);
        }
        node
    }

    fn lay(&mut self, path: PathBuf, node: &Node) {
        self.root.lay(node);
        self.files.push(path);
    }

    /// One value of the environment or the flags.
    fn set(&mut self, from: &str, table: Option<&str>, key: &str, value: Value) {
        let node = Node { value, at: Node::empty(Path::new(from)).at };
        let mut top = Node::empty(Path::new(from));
        match table {
            Some(table) => {
                let mut below = Node::empty(Path::new(from));
                below.set(key, node);
                top.set(table, below);
            }
            None => top.set(key, node),
        }
        self.root.lay(&top);
    }

    fn environment(&mut self) {
        let env = |name: &str| self.inputs.env.get(name).filter(|v| !v.is_empty()).cloned();
        let (mouse, prometheus) = (env("GONOGO_MOUSE"), env("GONOGO_PROMETHEUS"));
        match mouse.as_deref() {
            None => {}
            Some("1" | "true") => self.set("GONOGO_MOUSE", Some("ui"), "mouse", Value::Bool(true)),
            Some("0" | "false") => self.set("GONOGO_MOUSE", Some("ui"), "mouse", Value::Bool(false)),
            Some(other) => {
                let what = format!("{other:?} is neither true nor false");
                self.faults.push(Fault::file(Path::new("GONOGO_MOUSE"), what, "write true or false"));
            }
        }
        if let Some(url) = prometheus {
            self.set("GONOGO_PROMETHEUS", Some("metrics"), "prometheus", Value::Text(url));
        }
    }

    fn flags(&mut self) {
        let flags = self.inputs.flags.clone();
        if let Some(theme) = flags.theme {
            self.set("--theme", Some("ui"), "theme", Value::Text(theme));
        }
        if flags.ascii {
            self.set("--ascii", Some("ui"), "ascii", Value::Bool(true));
        }
        if flags.read_only {
            self.set("--read-only", None, "read_only", Value::Bool(true));
        }
    }

    fn finish(mut self) -> Result<Loaded, Vec<Fault>> {
        self.environment();
        self.flags();
        let mut found = vec![];
        let settings = resolve::settings(&self.root, self.inputs, &mut found);
        // A table that lacks what was taken out of it has one fault, not two.
        found.retain(|f| !self.faults.iter().any(|earlier| follows(f, earlier)));
        self.faults.extend(found);
        if self.faults.is_empty() {
            return Ok(Loaded { settings, files: self.files, notes: self.notes });
        }
        // A fault of the defaults is found once per service.
        let mut faults: Vec<Fault> = vec![];
        for fault in self.faults {
            let same = |f: &Fault| (&f.file, f.line, f.column, &f.key) == (&fault.file, fault.line, fault.column, &fault.key);
            if fault.line == 0 || !faults.iter().any(|f| same(f) && (f.what == fault.what || f.key.starts_with("defaults"))) {
                faults.push(fault);
            }
        }
        faults.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        Err(faults)
    }
}

/// Whether `fault` is that something is missing which `earlier` took out, from the same table or from the defaults.
fn follows(fault: &Fault, earlier: &Fault) -> bool {
    let below = |above: &str| !above.is_empty() && earlier.key.strip_prefix(above).is_some_and(|rest| rest.starts_with('.'));
    below(&fault.key) || fault.key.starts_with("service.") && fault.key.matches('.').count() == 1 && below("defaults")
}
