//! Parses, installs guards, dispatches, and says how it ended.

use std::{io, process::ExitCode};

use clap::{CommandFactory, Parser};
use gonogo::{
    cli::{Cli, Command, ConfigCommand, OpCommand},
    domain::Exit,
    engine::plan::Guard,
    headless::{self, Printer, interrupted},
    wire::{self, World},
};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version are answers, on standard output; what cannot be printed is lost anyway.
            e.print().ok();
            return ExitCode::from(if e.use_stderr() { Exit::Usage } else { Exit::Done }.code());
        }
    };
    if let Err(e) = wire::guards(&cli.global) {
        headless::say(&e.to_string(), None);
        return ExitCode::from(Exit::Failed.code());
    }
    if let (Some(Command::Status { short: true, env }), None) = (&cli.command, cli.global.demo) {
        // Before the runtime: a prompt waits for this.
        let done = wire::last::short(&cli.global, env.as_ref(), &mut Printer::stdout(cli.global.output));
        return ExitCode::from(done.unwrap_or(Exit::Failed).code());
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            headless::say(&format!("cannot start: {e}"), None);
            return ExitCode::from(Exit::Failed.code());
        }
    };
    let exit = runtime.block_on(async {
        match Box::pin(dispatch(&cli)).await {
            Ok(exit) => exit,
            Err(e) => {
                headless::say(&format!("cannot write the answer: {e}"), None);
                Exit::Failed
            }
        }
    });
    // Watches may hang in a read; nothing waits for them.
    runtime.shutdown_background();
    ExitCode::from(exit.code())
}

/// Runs the command. Interrupted commands end with 130, or with 4 where something was sent that is open then; the cockpit
/// handles its own signals.
async fn dispatch(cli: &Cli) -> io::Result<Exit> {
    let mut printer = Printer::stdout(cli.global.output);
    match &cli.command {
        Some(Command::Completions { shell }) => {
            let mut text = vec![];
            clap_complete::generate(*shell, &mut Cli::command(), "gonogo", &mut text);
            printer.raw(&String::from_utf8_lossy(&text))?;
            Ok(Exit::Done)
        }
        Some(Command::Man) => {
            let mut text = vec![];
            clap_mangen::Man::new(Cli::command()).render(&mut text)?;
            printer.raw(&String::from_utf8_lossy(&text))?;
            Ok(Exit::Done)
        }
        Some(Command::Keys) => wire::config::keys(&cli.global, &mut printer),
        Some(Command::Config { command: ConfigCommand::Check }) => wire::config::check(&cli.global, &mut printer),
        Some(Command::Config { command: ConfigCommand::Schema }) => wire::config::schema(&mut printer),
        Some(Command::Config { command: ConfigCommand::Trust { file, revoke } }) => {
            let args = headless::TrustArgs { revoke: *revoke, yes: cli.global.yes };
            wire::config::trust(&cli.global, file.as_deref(), &args, &mut printer)
        }
        Some(Command::Audit { command }) => wire::audit::audit(&cli.global, command, &mut printer),
        Some(Command::Op { command: OpCommand::Wait { id, timeout } }) => {
            tokio::select! {
                done = wire::audit::wait(&cli.global, id, *timeout, &mut printer) => done,
                () = interrupted() => Ok(Exit::Interrupted),
            }
        }
        Some(Command::Op { command }) => wire::audit::op(&cli.global, command, &mut printer),
        Some(Command::Init { contexts, namespaces, prometheus, write }) => {
            let args = wire::init::Args {
                contexts: contexts.clone(),
                namespaces: namespaces.clone(),
                prometheus: prometheus.clone(),
                write: write.clone(),
                ask: headless::InitArgs { yes: cli.global.yes, dry_run: cli.global.dry_run },
            };
            tokio::select! {
                done = wire::init::run(&cli.global, &args, &mut printer) => done,
                () = interrupted() => Ok(Exit::Interrupted),
            }
        }
        Some(Command::Doctor) => {
            tokio::select! {
                done = wire::doctor::run(&cli.global, &mut printer) => done,
                () = interrupted() => Ok(Exit::Interrupted),
            }
        }
        Some(Command::Sim { scenario, listen }) => {
            tokio::select! {
                done = wire::serve(*scenario, *listen, &cli.global, &mut printer) => done,
                () = interrupted() => Ok(Exit::Interrupted),
            }
        }
        None | Some(Command::Demo { .. }) => wire::cockpit::run(cli, &mut printer).await,
        Some(command) => {
            let stop = CancellationToken::new();
            let acts = matches!(command, Command::Act(_) | Command::Apply { .. });
            let mut work = Box::pin(headless(cli, command, &stop, &mut printer));
            tokio::select! {
                done = &mut work => return done,
                () = interrupted() => {}
            }
            if !acts {
                return Ok(Exit::Interrupted);
            }
            // What may have been sent is not dropped; whoever asks twice does not wait for it.
            stop.cancel();
            tokio::select! {
                done = work => done,
                () = interrupted() => Ok(Exit::Unknown),
            }
        }
    }
}

/// A question to the engine, asked once.
async fn headless(cli: &Cli, command: &Command, stop: &CancellationToken, printer: &mut Printer) -> io::Result<Exit> {
    let environment = match command {
        Command::Status { env, .. } | Command::Check { env, .. } | Command::Logs { env, .. } => env.clone(),
        Command::Act(action) => Some(action.target().env.clone()),
        // A file that is none is told when it is applied.
        Command::Apply { file } => headless::Saved::read(file).and_then(|s| s.action()).ok().map(|a| a.target().env.clone()),
        _ => None,
    };
    let narrowed = environment.is_some();
    let opened = tokio::select! {
        () = stop.cancelled() => return Ok(Exit::Interrupted),
        opened = World::open(&cli.global, environment, false) => opened,
    };
    let world = match opened {
        Ok(world) => world,
        Err(exit) => return Ok(exit),
    };
    let exit = asked(cli, command, &world, stop, printer).await;
    if !narrowed {
        // What was seen of one environment only is not what the prompt shows.
        wire::last::keep(wire::last::of(&world, &cli.global).as_ref(), &world.engine.snapshot());
    }
    exit
}

async fn asked(cli: &Cli, command: &Command, world: &World, stop: &CancellationToken, printer: &mut Printer) -> io::Result<Exit> {
    let engine = &world.engine;
    match command {
        Command::Status { short: true, .. } => {
            let s = engine.settled(headless::PATIENCE).await;
            headless::short(Some(&headless::Brief::of(&s)), s.at, wire::last::args(&cli.global), printer)
        }
        Command::Status { env, .. } => {
            headless::status(engine, &headless::StatusArgs { environment: env.clone() }, printer).await
        }
        Command::Check { services, env, to, require, wait, timeout } => {
            let args = headless::CheckArgs {
                services: services.clone(),
                environment: env.clone(),
                to: to.clone(),
                require: require.clone(),
                wait: wait.then_some(*timeout),
            };
            headless::check(engine, &args, printer).await
        }
        Command::Logs { service, env, cluster, arm, container, previous, since, follow, errors, tail, run, job } => {
            let args = headless::LogsArgs {
                service: service.clone(),
                environment: env.clone(),
                cluster: cluster.clone(),
                arm: arm.arm(),
                container: container.clone(),
                previous: *previous,
                since: *since,
                follow: *follow,
                errors: *errors,
                tail: *tail,
                run: run.clone(),
                job: job.clone(),
            };
            headless::logs(engine, &args, printer).await
        }
        Command::Inbox => headless::inbox(engine, printer).await,
        Command::Runs { run } => headless::runs(engine, &headless::RunsArgs { run: run.clone() }, printer).await,
        Command::Act(action) => headless::act(engine, action, &acting(cli, world, stop), printer).await,
        Command::Apply { file } => headless::apply(engine, file, &acting(cli, world, stop), printer).await,
        // The rest is answered without an engine.
        _ => Ok(Exit::Usage),
    }
}

/// What the options say of a change.
fn acting(cli: &Cli, world: &World, stop: &CancellationToken) -> headless::ActArgs {
    let global = &cli.global;
    headless::ActArgs {
        guard: Guard { read_only: world.settings.read_only, names_unsafe: false },
        dry_run: global.dry_run,
        save_plan: global.save_plan.clone(),
        consent: headless::ConsentArgs { yes: global.yes, confirm: global.confirm.clone(), reason: global.reason.clone() },
        barred: headless::fork(|name| std::env::var(name).ok(), |path| std::fs::read_to_string(path).ok()),
        stop: stop.clone(),
    }
}
