//! Reads the log that the screen shows: ten batches a second, whatever comes in.
//!
//! The model says which log is open; the stream follows it. Closing the log ends the requests.

use std::{collections::VecDeque, time::Duration};

use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    domain::{LogAsk, LogNews, Problem, ProblemKind},
    engine::{Engine, LogStream},
    tui::{message::Message, model::Model},
};

/// Between two batches: a log that floods is no reason for more frames than any other data.
const BATCH: Duration = Duration::from_millis(100);

/// News of one batch at most; what is older is dropped and counted.
const MOST: usize = 2_000;

/// How long a scripted screen waits for a log to be read whole. Real time.
const WHOLE: Duration = Duration::from_secs(10);

/// The log that is being read.
#[derive(Default)]
pub struct Reading {
    session: Option<u64>,
    batches: Option<mpsc::Receiver<(Vec<LogNews>, bool)>>,
    task: JoinSet<()>,
}

impl Reading {
    /// Reads what the model shows: starts, changes or ends the reading. A refusal is told like trouble.
    pub fn follow(&mut self, engine: &Engine, m: &Model) -> Option<Message> {
        let wanted = m.log().map(|view| view.session);
        if wanted == self.session {
            return None;
        }
        *self = Self { session: wanted, ..Self::default() };
        let view = m.log()?;
        match engine.logs(&view.ask) {
            Ok(stream) => {
                let (out, batches) = mpsc::channel(1);
                self.task.spawn(pump(stream, out));
                self.batches = Some(batches);
                None
            }
            Err(refusal) => Some(refused(view.session, &refusal)),
        }
    }

    /// The next batch; never, while no log is read.
    pub async fn next(&mut self) -> Message {
        loop {
            let (Some(session), Some(batches)) = (self.session, &mut self.batches) else {
                return std::future::pending().await;
            };
            match batches.recv().await {
                Some((news, ended)) => return Message::Log { session, news, ended },
                None => self.batches = None,
            }
        }
    }
}

fn refused(session: u64, refusal: &crate::domain::Refusal) -> Message {
    let mut problem = Problem::new(ProblemKind::Config, refusal.why.as_str());
    problem.hint.clone_from(&refusal.hint);
    Message::Log { session, news: vec![LogNews::Trouble("refused".into(), problem)], ended: true }
}

/// Gathers what comes into batches. While the screen is busy the newest is kept and the rest is counted.
async fn pump(mut stream: LogStream, out: mpsc::Sender<(Vec<LogNews>, bool)>) {
    let mut ended = false;
    while !ended {
        let Some(first) = stream.next().await else { break };
        let (mut batch, mut dropped) = (VecDeque::from([first]), 0_u64);
        let pause = tokio::time::sleep(BATCH);
        tokio::pin!(pause);
        let place = loop {
            tokio::select! {
                biased;
                // The screen takes the next batch when it is ready for it, and not before the pause is over.
                place = async { pause.as_mut().await; out.reserve().await } => break place,
                news = stream.next(), if !ended => match news {
                    Some(news) => {
                        batch.push_back(news);
                        if batch.len() > MOST && let Some(old) = batch.pop_front() {
                            if matches!(old, LogNews::Line(_)) {
                                dropped += 1;
                            } else {
                                // Words are few and worth more than lines.
                                batch.push_back(old);
                            }
                        }
                    }
                    None => ended = true,
                },
            }
        };
        let Ok(place) = place else { return };
        if dropped > 0 {
            batch.push_back(LogNews::Dropped(dropped));
        }
        place.send((batch.into(), ended));
    }
    out.send((vec![], true)).await.ok();
}

/// The whole of a log as it stands, for a screen without a terminal.
pub async fn whole(engine: &Engine, session: u64, ask: &LogAsk) -> Message {
    let follows = ask.follow;
    let mut stream = match engine.logs(&LogAsk { follow: false, ..ask.clone() }) {
        Ok(stream) => stream,
        Err(refusal) => return refused(session, &refusal),
    };
    let (mut news, mut reading) = (vec![], 0);
    let read = async {
        while let Some(piece) = stream.next().await {
            match piece {
                // How many were read at most; at the end there is none.
                LogNews::Reading(count) => reading = reading.max(count),
                piece => news.push(piece),
            }
        }
    };
    tokio::time::timeout(WHOLE, read).await.ok();
    news.push(LogNews::Reading(reading));
    Message::Log { session, news, ended: !follows }
}
