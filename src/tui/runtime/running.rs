//! Operations under way: what the engine tells of them, as news for the model.

use std::{collections::BTreeMap, sync::Arc};

use futures::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use tokio::sync::watch;

use crate::{
    domain::{OpId, Refusal, SafeText},
    engine::{Engine, Given, journal::Way, operation::Progress, plan::Plan},
    tui::{message::Message, model::News},
};

/// The operations of an engine, as far as the model was told of them.
pub struct Running<'a> {
    engine: &'a Engine,
    list: watch::Receiver<Arc<Vec<Progress>>>,
    told: BTreeMap<OpId, Progress>,
    /// Which of them carry out plans of ours.
    ours: BTreeMap<OpId, u64>,
    begun: FuturesUnordered<BoxFuture<'a, (u64, Result<(), Refusal>)>>,
}

impl<'a> Running<'a> {
    /// Follows the operations of an engine, those that are taken up from an earlier start too.
    pub fn new(engine: &'a Engine) -> Self {
        let mut list = engine.operations();
        list.mark_changed();
        Self { engine, list, told: BTreeMap::new(), ours: BTreeMap::new(), begun: FuturesUnordered::new() }
    }

    /// Carries a plan out to which a person has consented, for that reason.
    pub fn begin(&mut self, id: u64, plan: Plan, reason: Option<SafeText>) {
        self.ours.insert(plan.id().clone(), id);
        let engine = self.engine;
        let how = if plan.consent().tier() >= 3 { Way::TypedName } else { Way::Key };
        let given = Given::by(how).because(reason);
        self.begun.push(Box::pin(async move { (id, engine.apply(&plan, given).await.map(drop)) }));
    }

    /// The next news; waits for ever where nothing is under way.
    pub async fn next(&mut self) -> Vec<Message> {
        let news = |plan, stands| Message::Progress(Box::new(News { plan, stands }));
        loop {
            tokio::select! {
                Some((id, begun)) = self.begun.next(), if !self.begun.is_empty() => {
                    if let Err(refusal) = begun {
                        return vec![news(Some(id), Err(refusal))];
                    }
                }
                changed = self.list.changed() => {
                    if changed.is_err() {
                        return std::future::pending().await;
                    }
                    let list = self.list.borrow_and_update().clone();
                    let mut out = vec![];
                    for progress in list.iter().filter(|p| self.told.get(&p.op) != Some(p)) {
                        out.push(news(self.ours.get(&progress.op).copied(), Ok(progress.clone())));
                    }
                    self.told = list.iter().map(|p| (p.op.clone(), p.clone())).collect();
                    if !out.is_empty() {
                        return out;
                    }
                }
            }
        }
    }

    /// What there is to tell at once.
    pub fn now(&mut self) -> Vec<Message> {
        futures::FutureExt::now_or_never(self.next()).unwrap_or_default()
    }

    /// Waits until what was consented to is begun or refused.
    pub async fn begun(&mut self) -> Vec<Message> {
        let mut out = vec![];
        while let Some((id, begun)) = self.begun.next().await {
            if let Err(refusal) = begun {
                out.push(Message::Progress(Box::new(News { plan: Some(id), stands: Err(refusal) })));
            }
        }
        out.extend(self.now());
        out
    }
}
