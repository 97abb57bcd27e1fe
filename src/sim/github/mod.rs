//! GitHub over the embedded world: the read side of its REST API for the company's repositories.
//!
//! `acme/shop` is the monorepo with a matrix workflow (a service that a commit did not touch has skipped jobs);
//! `acme/notify` and `acme/media` have one service each.

mod commit;
mod compare;
mod gate;
mod history;
pub mod log;
mod object;
mod release;
mod reply;
mod route;
mod run;
mod select;
#[cfg(test)]
mod tests;

use ::http::StatusCode;

use super::http::{Request, Response};
use super::state::State;
use reply::{Budget, Reply};

/// The company's GitHub.
#[derive(Debug, Default)]
pub struct GitHub {
    budget: Budget,
}

impl GitHub {
    /// Answers a request; its path is that of `api.github.com`.
    pub fn answer(&self, state: &State, request: &Request) -> Response {
        let now = state.now();
        let Some(user) = request.user() else {
            let reply = Reply::error(StatusCode::UNAUTHORIZED, "Bad credentials");
            return reply.finish(request, "", &Budget::default(), now);
        };
        let reply = if reply::acceptable(request) {
            let world = state.world();
            route::Route { request, world: &world, now, user: &user, budget: &self.budget }.reply()
        } else {
            Reply::error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Must accept 'application/json'")
        };
        reply.finish(request, &user, &self.budget, now)
    }
}
