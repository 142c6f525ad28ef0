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
    lag_positions: IntGaugeVec,
    lag_seconds: IntGaugeVec,
    halted: IntGaugeVec,
    parked: IntGaugeVec,
    breakers: IntGaugeVec,
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
        let lag_positions =
            opts("anchor_projection_lag_positions", "Events a read model has not seen yet.");
        let lag_seconds =
            opts("anchor_projection_lag_seconds", "For how long the oldest unseen event waits.");
        let halted =
            opts("anchor_projection_halted", "1 when a read model stands still at an event.");
        let parked = opts("anchor_projection_parked", "Events that a read model set aside.");
        let breakers =
            opts("anchor_partner_breaker", "A partner's breaker: 0 closed, 1 half open, 2 open.");
        let valid = "names and labels are valid and used once";
        let all = Measured {
            registry: Registry::new(),
            requests: IntCounterVec::new(requests, &labels).expect(valid),
            durations: HistogramVec::new(durations, &labels[..2]).expect(valid),
            head: IntGauge::with_opts(head).expect(valid),
            lag_positions: IntGaugeVec::new(lag_positions, &["projection"]).expect(valid),
            lag_seconds: IntGaugeVec::new(lag_seconds, &["projection"]).expect(valid),
            halted: IntGaugeVec::new(halted, &["projection"]).expect(valid),
            parked: IntGaugeVec::new(parked, &["projection"]).expect(valid),
            breakers: IntGaugeVec::new(breakers, &["partner"]).expect(valid),
        };
        let register = |metric: Box<dyn prometheus::core::Collector>| {
            all.registry.register(metric).expect(valid);
        };
        register(Box::new(all.requests.clone()));
        register(Box::new(all.durations.clone()));
        register(Box::new(all.head.clone()));
        register(Box::new(all.lag_positions.clone()));
        register(Box::new(all.lag_seconds.clone()));
        register(Box::new(all.halted.clone()));
        register(Box::new(all.parked.clone()));
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

    /// A read model is this far behind.
    pub fn lag_is(&self, lag: &ProjectionStatus) {
        let name = [lag.name.as_str()];
        self.all.lag_positions.with_label_values(&name).set(lag.lag_positions);
        self.all.lag_seconds.with_label_values(&name).set(lag.lag_seconds);
        self.all.halted.with_label_values(&name).set(i64::from(lag.state == "halted"));
        self.all.parked.with_label_values(&name).set(lag.parked);
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
    let lags = runner::status(&state.read_pool).await.unwrap_or_default();
    lags.iter().for_each(|lag| metrics.lag_is(lag));
    state.calls.breakers().for_each(|(partner, breaker)| metrics.breaker_is(partner, breaker));
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(metrics.text())
}
