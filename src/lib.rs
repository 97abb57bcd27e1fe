//! gonogo: a release cockpit for the terminal, and the same engine headless.
//!
//! It joins CI runs, versions per environment, canary traffic and health into one computed verdict, **GO / HOLD /
//! NO-GO / UNKNOWN**, and plans changes to the world. The screen and the command line are two fronts of one engine.
//!
//! # The house
//!
//! Floors, bottom to top; imports go downwards only (`tests/layers.rs`):
//!
//! ```text
//!   main ── wire ── cli          parse, connect what the configuration names, dispatch, exit code
//!   ┌──────────────┴──────────────┐
//!   headless                     tui            two fronts: print once / live on a screen
//!   └──────────────┬──────────────┘
//!                engine                         store (sole writer of the snapshot), verdict, plan, clock
//!                  │
//!               provider                        role traits; one folder per system: kube, github, prometheus
//!                  │
//!        action ── config                       what can be done; layered TOML and what it comes down to
//!                  │
//!                domain                         nouns and pure rules; no I/O, no clock
//!
//!   sim                                         the embedded world, reached over HTTP like any real system
//! ```
//!
//! # The flow
//!
//! ```text
//!  terminal ─ bytes ─► decoder ─ Message ─┐                       ┌─ draw(&Model, &Look) ─► frame + map of areas
//!                                         ▼                       │
//!  engine ── watch<Arc<Snapshot>> ─► update(&mut Model, Message) ─┤   pure, synchronous, no clock
//!    ▲                                                            └─ Vec<Effect> ─► runtime performs
//!    │                                                                                   │
//!    └──────── plan(&Action, &Snapshot, Guard, &[Answer]) → Plan | Refusal | Need ◄──────┤
//!  providers (role traits) ── Update<T> ──► store              headless: the same plan ──┘
//! ```
//!
//! - A provider turns outside text into [`SafeText`](domain::SafeText) or a validated id, and tells the store rows:
//!   [`Update`](domain::Update). A re-list replaces a section at once.
//! - The store folds updates into an immutable [`Snapshot`](domain::Snapshot), at most ten times a second. Every
//!   section is a [`Feed`](domain::Feed) that knows its age and its trouble.
//! - The verdict is a pure function over a snapshot: [`engine::verdict::report`]. It fails closed.
//! - Only [`engine::plan::plan`] makes a [`Plan`](engine::plan::Plan), and only a plan is applied: by an
//!   [operation](engine::operation), which writes its intent into the [journal](engine::journal) before it sends anything.
//! - Time comes from one [`Clock`](engine::clock::Clock), which stands still on the embedded world until it is moved.
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | service | a thing that is released on its own: its pipeline, workloads, routes and metrics |
//! | environment | a named place on the ordered path of a release; without a policy it counts as production |
//! | placement | service x environment x cluster; versions, weights and health belong to placements |
//! | run, job, step | one pipeline execution and its parts |
//! | gate, lock | where a run waits for a decision of a person; where it waits for another run |
//! | changes | what lies between the commit that serves and the one on its way, as far as it is a service's |
//! | release | a version on its way through the environments |
//! | rollout, revision | delivery of one workload; one generation of it |
//! | stable, canary, baseline | serving revision, revision under test, what the canary is compared with |
//! | weight | share of traffic to the canary, *set* (asked) and *actual* (measured) |
//! | station | one line of the verdict: CI, ENV, CANARY, SLO, FLAGS, LIST, WINDOW, LOCK |
//! | verdict | Go, Hold(reason), NoGo(reason), Unknown(reason) |
//! | action, plan | a change to the world that is asked for; checked and bound to what was seen |
//! | refusal, problem | we decline, with the reason; something failed |
//! | provider, role | the adapter to one system; what it can do for us |
//! | snapshot, feed | the immutable picture of the world; one section of it with its freshness |
//! | screen, pane, overlay, look | full view, region, stacked dialog, theme plus glyph set |

pub mod action;
pub mod cli;
pub mod config;
pub mod domain;
pub mod engine;
pub mod headless;
pub mod provider;
pub mod sim;
pub mod tui;
pub mod wire;
