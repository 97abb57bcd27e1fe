//! What was declined goes into the journal too: who asked for what, and why it was not done.

use super::{
    Engine,
    journal::{self, Entry, Event, Space},
    plan::Plan,
};
use crate::{
    action::Action,
    domain::{Exit, Identity, Refusal, SafeText},
    provider::role::Timer as _,
};

impl Engine {
    /// Writes down that an action was declined that somebody wanted done. What is so already was not declined, and a
    /// typing error asked for nothing. Where the line cannot be written, only the line is lost: nothing was sent.
    pub async fn declined(&self, action: &Action, refusal: &Refusal) {
        self.decline(action, vec![], refusal).await;
    }

    /// The same for an action of which a plan was made: it says whom the clusters take us for.
    pub(super) async fn declined_plan(&self, plan: &Plan, refusal: &Refusal) {
        let actor = plan.driving().iter().filter_map(|d| d.identity.clone()).collect();
        self.decline(plan.action(), actor, refusal).await;
    }

    async fn decline(&self, action: &Action, actor: Vec<Identity>, refusal: &Refusal) {
        if matches!(refusal.exit, Exit::Done | Exit::Usage | Exit::Journal) {
            return;
        }
        let target = action.target();
        let at = self.clock().now();
        let event = Event::Refused {
            command: action.to_argv().iter().map(|word| SafeText::clean(word)).collect(),
            service: Some(target.service.clone()),
            environment: Some(target.env.clone()),
            why: refusal.why.clone(),
            exit: refusal.exit,
        };
        let entry = Entry { at, op: journal::new_op(at), actor, event };
        self.desk.keep.with(move |journal| journal.append(&[entry], Space::Ordinary)).await.map(drop).ok();
    }
}
