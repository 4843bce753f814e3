//! Whole networks and training steps through the library, in one program: each test program links all of it anew.

mod adaptation;
mod adaptation_keys;
mod backbone;
mod domains;
mod frozen;
mod graph;
mod replay;
#[path = "../skip/mod.rs"]
mod skip;
mod support;
mod surface;
mod variants;
mod virtual_adversarial;
mod without_domain_loss;
mod work;
