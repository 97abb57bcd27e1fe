//! The log view: opened on what is selected, and its keys.

use std::sync::Arc;

use tui_textarea::{CursorMove, TextArea};

use super::{overlay, say};
use crate::{
    domain::{Feed, LogNews, LogSource, PodArm, Run, SafeText, telling_job},
    tui::{
        command::{Command, Ui},
        effect::Effect,
        input::{Code, Key},
        keymap::Scope,
        model::{LogView, Model, Overlay, Pane},
    },
};

/// Opens the log of what is selected: of the run, or of the pods of the service.
pub fn open(m: &mut Model) {
    let source = if m.focus == Pane::Runs { of_run(m) } else { of_service(m) };
    match source {
        Ok(source) => {
            m.log_sessions += 1;
            m.overlays.retain(|o| !matches!(o, Overlay::Logs(_)));
            m.overlays.push(Overlay::Logs(Box::new(LogView::new(m.log_sessions << 16, source))));
        }
        Err(why) => say(m, why),
    }
}

fn of_service(m: &Model) -> Result<LogSource, SafeText> {
    let row = m.selected().ok_or("no service is selected")?;
    let canary = row.canary.as_ref();
    // Whoever looks at the canary wants to know what it says.
    let arm = canary.filter(|_| m.focus == Pane::Canary).map(|_| PodArm::Canary);
    let environment = canary.map(|c| c.environment.clone()).or_else(|| m.snapshot.environment().map(|e| e.name.clone()));
    Ok(LogSource::Pods { service: row.name.clone(), environment, cluster: None, arm, container: None })
}

fn of_run(m: &Model) -> Result<LogSource, SafeText> {
    let rows = m.run_rows();
    let keys: Vec<_> = rows.iter().map(|r| r.key.clone()).collect();
    let key = m.runs.row(&keys).and_then(|at| keys.get(at)).ok_or("no run is selected")?;
    let run = m.snapshot.pipelines.runs.get(&key.repo).and_then(Feed::value).and_then(|all| all.iter().find(|r| r.key == *key));
    let run = run.ok_or("the run is no longer read")?;
    let job = telling_job(run, None).or_else(|refusal| match last_ended(run) {
        Some(name) => telling_job(run, Some(name)),
        None => Err(refusal),
    });
    let job = job.map_err(|refusal| refusal.why)?;
    Ok(LogSource::Job { run: job.run, number: job.number, job: job.job, name: job.name })
}

/// The job that ended last, where none failed.
fn last_ended(run: &Run) -> Option<&str> {
    let jobs = run.jobs.ok()?.iter().filter(|j| !j.phase.open() && !j.phase.skipped());
    jobs.max_by_key(|j| j.ended).map(|j| j.name.as_str())
}

/// Takes in what was heard, unless it is of an earlier reading.
pub fn hear(m: &mut Model, session: u64, news: Vec<LogNews>, ended: bool) {
    if let Some(view) = m.log_mut().filter(|view| view.session == session) {
        view.hear(news, ended);
    }
}

/// A key while the log is on top.
pub fn key(m: &mut Model, key: Key) -> Vec<Effect> {
    let room = m.map.overlay_room().unwrap_or(10).max(1);
    let keymap = Arc::clone(&m.keymap);
    let Some(view) = m.log_mut() else { return vec![] };
    if view.typing.is_some() {
        typed(view, key);
        return vec![];
    }
    let command = keymap.find(key, &[Scope::Log]).or_else(|| keymap.find(key, &[Scope::Move, Scope::Main]));
    let Some(Command::Ui(ui)) = command else { return vec![] };
    run(m, ui, room)
}

/// What a command of the screen means here; the others do nothing while a log is open.
fn run(m: &mut Model, ui: Ui, room: usize) -> Vec<Effect> {
    let Some(view) = m.log_mut() else { return vec![] };
    let page = room.max(2) / 2;
    match ui {
        Ui::Down => view.scroll(1, room),
        Ui::Up => view.scroll(-1, room),
        Ui::PageDown => view.scroll(page as isize, room),
        Ui::PageUp => view.scroll(-(page as isize), room),
        Ui::First => view.top = Some(view.gone),
        Ui::Last => view.top = None,
        Ui::Still => {
            let shown = view.shown();
            view.top = match view.top {
                Some(_) => None,
                None => shown.get(view.start(&shown, room)).copied(),
            };
        }
        Ui::Filter => {
            let mut field = TextArea::new(vec![view.search.clone()]);
            field.move_cursor(CursorMove::End);
            view.typing = Some(Box::new(field));
        }
        Ui::NextMatch | Ui::PreviousMatch => {
            let words = if view.search.is_empty() { Some("nothing is searched for".to_owned()) } else { None };
            let words =
                words.or_else(|| (!view.seek(ui == Ui::NextMatch)).then(|| format!("{:?} is not found there", view.search)));
            if let Some(words) = words {
                say(m, words);
            }
        }
        Ui::LogErrors | Ui::LogWrap | Ui::LogSince | Ui::LogArm | Ui::LogPrevious => return turn(m, ui),
        Ui::Copy => {
            let shown = view.shown();
            let from = view.start(&shown, room);
            let lines: Vec<SafeText> =
                shown.iter().skip(from).take(room).filter_map(|n| view.line(*n)).map(|l| l.text.clone()).collect();
            say(m, format!("{} lines are in the clipboard", lines.len()));
            return vec![Effect::Copy(lines)];
        }
        Ui::Back => return overlay::close(m),
        Ui::Help | Ui::Zone | Ui::Refresh | Ui::Why | Ui::Palette | Ui::Inbox | Ui::Links => {
            return super::run(m, Command::Ui(ui));
        }
        _ => {}
    }
    vec![]
}

/// The commands that only a log knows.
pub fn turn(m: &mut Model, ui: Ui) -> Vec<Effect> {
    let Some(view) = m.log_mut() else {
        say(m, "open a log first");
        return vec![];
    };
    match ui {
        Ui::LogErrors => view.errors = !view.errors,
        Ui::LogWrap => view.wrap = !view.wrap,
        Ui::LogSince | Ui::LogArm | Ui::LogPrevious if !view.of_pods() => say(m, "the log of a job has no such choice"),
        Ui::LogSince if view.ask.previous => say(m, "the log before the last restart is read whole"),
        Ui::LogSince => view.next_span(),
        Ui::LogArm => view.next_arm(),
        Ui::LogPrevious => view.turn_previous(),
        _ => {}
    }
    vec![]
}

/// A key while a search is typed.
fn typed(view: &mut LogView, key: Key) {
    match key.code {
        Code::Enter => {
            view.typing = None;
            view.seek(false);
        }
        Code::Esc => {
            view.typing = None;
            view.search.clear();
        }
        _ => {
            if let Some(field) = &mut view.typing {
                field.input(overlay::field_key(key));
                view.search = overlay::text_of(field);
            }
        }
    }
}

/// Pasted text, while a search is typed; whether it was taken.
pub fn paste(m: &mut Model, text: &SafeText) -> bool {
    let Some(view) = m.log_mut() else { return false };
    let Some(field) = &mut view.typing else { return false };
    field.insert_str(text.as_str());
    view.search = overlay::text_of(field);
    true
}
