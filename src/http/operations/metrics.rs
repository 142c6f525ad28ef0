//! How much, how often, how long, how far behind? In Prometheus' text form.
//!
//! Rows: U6.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use domain::ids::PartnerId;
use projections::runner::{self, ProjectionStatus};
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use crate::access::Anyone;
use crate::http::state::AppState;
use crate::partners::guard::breaker::BreakerState;

/// The measurements of one process.
#[derive(Clone)]
pub struct Metrics {
    all: Arc<Measured>,
}

struct Measured {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    head: IntGauge,
    breakers: IntGaugeVec,
    read_models: ReadModels,
}

/// Of each read model that is asked, how it stands.
struct ReadModels {
    positions: IntGaugeVec,
    lag_positions: IntGaugeVec,
    lag_seconds: IntGaugeVec,
    states: IntGaugeVec,
    halted: IntGaugeVec,
    parked: IntGaugeVec,
}

/// What a read model may be.
const STATES: &[&str] = &["live", "halted", "needs_rebuild"];
const VALID: &str = "names and labels are valid and used once";

impl ReadModels {
    fn registered(registry: &Registry) -> Self {
        let gauge = |name: &str, help: &str, labels: &[&str]| {
            let gauge = IntGaugeVec::new(Opts::new(name, help), labels).expect(VALID);
            registry.register(Box::new(gauge.clone())).expect(VALID);
            gauge
        };
        let one = ["projection"];
        Self {
            positions: gauge(
                "anchor_projection_position",
                "The last position a read model has seen.",
                &one,
            ),
            lag_positions: gauge(
                "anchor_projection_lag_positions",
                "Events a read model has not seen yet.",
                &one,
            ),
            lag_seconds: gauge(
                "anchor_projection_lag_seconds",
                "For how long the oldest unseen event waits.",
                &one,
            ),
            states: gauge(
                "anchor_projection_state",
                "1 for the state a read model is in.",
                &["projection", "state"],
            ),
            halted: gauge(
                "anchor_projection_halted",
                "1 when a read model stands still at an event.",
                &one,
            ),
            parked: gauge("anchor_projection_parked", "Events that a read model set aside.", &one),
        }
    }

    fn show(&self, status: &ProjectionStatus) {
        let name = status.name.as_str();
        self.positions.with_label_values(&[name]).set(status.position);
        self.lag_positions.with_label_values(&[name]).set(status.lag_positions);
        self.lag_seconds.with_label_values(&[name]).set(status.lag_seconds);
        self.halted.with_label_values(&[name]).set(i64::from(status.state == "halted"));
        self.parked.with_label_values(&[name]).set(status.parked);
        for state in STATES {
            let is_it = i64::from(status.word() == *state);
            self.states.with_label_values(&[name, state]).set(is_it);
        }
    }
}

impl Metrics {
    /// Nothing measured yet.
    #[must_use]
    pub fn new() -> Self {
        let opts = Opts::new;
        let labels = ["method", "route", "status"];
        let requests = opts("anchor_http_requests_total", "Requests answered.");
        let durations = HistogramOpts::new(
            "anchor_http_request_duration_seconds",
            "How long an answer took, in seconds.",
        );
        let head = opts("anchor_ledger_head_position", "The last position this process knows of.");
        let registry = Registry::new();
        let breakers =
            opts("anchor_partner_breaker", "A partner's breaker: 0 closed, 1 half open, 2 open.");
        let all = Measured {
            requests: IntCounterVec::new(requests, &labels).expect(VALID),
            durations: HistogramVec::new(durations, &labels[..2]).expect(VALID),
            head: IntGauge::with_opts(head).expect(VALID),
            breakers: IntGaugeVec::new(breakers, &["partner"]).expect(VALID),
            read_models: ReadModels::registered(&registry),
            registry,
        };
        let register = |metric: Box<dyn prometheus::core::Collector>| {
            all.registry.register(metric).expect(VALID);
        };
        register(Box::new(all.requests.clone()));
        register(Box::new(all.durations.clone()));
        register(Box::new(all.head.clone()));
        register(Box::new(all.breakers.clone()));
        Self { all: Arc::new(all) }
    }

    /// A request was answered.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let status = status.to_string();
        self.all.requests.with_label_values(&[method, route, status.as_str()]).inc();
        self.all.durations.with_label_values(&[method, route]).observe(took.as_secs_f64());
    }

    /// The log ends here.
    pub fn head_is(&self, position: i64) {
        self.all.head.set(position);
    }

    /// A read model that is asked stands like this.
    pub fn read_model_is(&self, status: &ProjectionStatus) {
        self.all.read_models.show(status);
    }

    /// A partner's breaker stands so.
    pub fn breaker_is(&self, partner: &PartnerId, state: BreakerState) {
        let number = match state {
            BreakerState::Closed => 0,
            BreakerState::HalfOpen => 1,
            BreakerState::Open => 2,
        };
        self.all.breakers.with_label_values(&[partner.as_str()]).set(number);
    }

    /// Everything, in Prometheus' text form.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.all.registry.gather(), &mut text)
            .expect("writing to memory does not fail");
        String::from_utf8(text).expect("the text form is UTF-8")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Everything measured, in Prometheus' text form.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, description = "Measurements", body = String,
        content_type = "text/plain")))]
pub async fn show(_: Anyone, metrics: Data<Metrics>, state: Data<AppState>) -> HttpResponse {
    metrics.head_is(state.ledger.head().borrow().0);
    // Without the database, what this process has measured itself is told all the same.
    let all = runner::status(&state.read_pool).await.unwrap_or_default();
    all.iter().filter(|one| one.is_asked()).for_each(|one| metrics.read_model_is(one));
    state.calls.breakers().for_each(|(partner, breaker)| metrics.breaker_is(partner, breaker));
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(metrics.text())
}
