//! What end-to-end tests share: the real binary in a bare environment, and an engine over an embedded world that breaks.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use assert_cmd::Command;
use gonogo::{
    action::Action,
    config::{Inputs, RealDisk, load_text},
    domain::{Exit, Snapshot},
    engine::Engine,
    headless::{self, ActArgs, CheckArgs, Format, Printer},
    sim::{Fault, Handle, Scenario},
    wire::{self, demo},
};

/// A test that waits longer than this has found a fault; no test waits so long when all is well.
const LIMIT: Duration = Duration::from_secs(300);

/// The real binary in `dir`, with nothing of this machine in its environment.
pub fn gonogo(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gonogo"));
    command.args(args).current_dir(dir).env_clear().env("HOME", dir).env("PATH", "").env("TZ", "UTC").timeout(LIMIT);
    command
}

/// How the binary ended.
pub struct Ended {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs the binary in `dir` to its end.
pub fn run_in(dir: &Path, args: &[&str]) -> Ended {
    let output = gonogo(dir, args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap_or_else(|| panic!("{args:?} was killed: {}", output.status));
    Ended { code, out: text(output.stdout), err: text(output.stderr) }
}

/// Runs the binary in an empty folder to its end.
pub fn run(args: &[&str]) -> Ended {
    run_in(tempfile::tempdir().unwrap().path(), args)
}

/// An engine over an embedded world that a test can break.
pub struct Bed {
    /// The world; its folder holds the kubeconfig.
    pub demo: demo::Demo,
    /// The engine.
    pub engine: Engine,
}

impl Bed {
    /// Starts the world in `scenario` at minute 20 with these faults in force from the beginning. Its clock runs at
    /// `speed`, or stands.
    pub async fn start(scenario: Scenario, speed: Option<f64>, faults: &[(&str, Fault)]) -> Self {
        let demo = demo::Demo::start(demo::Options { scenario, speed, ..demo::Options::default() }).await.unwrap();
        for (prefix, fault) in faults {
            demo.sim.handle().fault(prefix, fault.clone());
        }
        let loaded = load_text(Path::new("demo"), &demo.text, &Inputs::bare(&RealDisk)).unwrap();
        let engine = wire::engine(&loaded.settings, None, demo.clock.clone()).await;
        Self { demo, engine }
    }

    /// What turns faults on and off.
    pub fn handle(&self) -> Handle {
        self.demo.sim.handle()
    }

    /// Waits for a snapshot that fits.
    pub async fn until(&self, what: &str, mut fits: impl FnMut(&Snapshot) -> bool) -> Arc<Snapshot> {
        let mut snapshots = self.engine.snapshots();
        let found = tokio::time::timeout(LIMIT, async { snapshots.wait_for(|s| fits(s)).await.map(|s| s.clone()) }).await;
        found.map(|s| s.unwrap()).unwrap_or_else(|_| {
            let s = self.engine.snapshot();
            panic!("never: {what}; {} {}: {:#?}", s.verdict.verdict, s.verdict.sentence, s.troubles())
        })
    }

    /// What `gonogo check` prints and how it ends.
    pub async fn check(&self) -> (Exit, String) {
        let out = Out::default();
        let mut printer = Printer::to(Format::Human, Box::new(out.clone()));
        let exit = headless::check(&self.engine, &CheckArgs::default(), &mut printer).await.unwrap();
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        (exit, text)
    }
}

/// How an action ends on an engine, and what it tells programs.
pub async fn act(engine: &Engine, line: &str, args: &ActArgs) -> (Exit, serde_json::Value) {
    let action = Action::parse(line.split(' ')).unwrap();
    let out = Out::default();
    let mut printer = Printer::to(Format::Json, Box::new(out.clone()));
    let exit = headless::act(engine, &action, args, &mut printer).await.unwrap();
    let text = out.0.lock().unwrap().clone();
    (exit, serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{line}: {e}: {}", String::from_utf8_lossy(&text))))
}

#[derive(Clone, Default)]
struct Out(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Out {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
