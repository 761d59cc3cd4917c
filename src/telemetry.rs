//! Telemetry: logs on standard error, and traces for OpenTelemetry.

use std::io::IsTerminal;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{LogFormat, Telemetry};
use crate::error::{Error, Result};
use crate::http_client::choose_cryptography;

/// Running telemetry. Dropping it exports the remaining traces, for at most 3 seconds.
pub struct TelemetryGuard(Option<SdkTracerProvider>);

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        if let Some(provider) = &self.0 {
            // A collector that does not respond must not block the shutdown.
            let _ = provider.shutdown_with_timeout(Duration::from_secs(3));
        }
    }
}

/// Starts logging, and exporting traces when `--otlp-endpoint` is set. Call it once per process.
///
/// # Errors
///
/// [`Error::BadInput`] for an invalid `--log` or `--otlp-endpoint`.
pub fn start(settings: &Telemetry) -> Result<TelemetryGuard> {
    let filter = EnvFilter::try_new(&settings.log)
        .map_err(|error| Error::BadInput(format!("--log {}: {error}", settings.log)))?;
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let log_layer = match settings.log_format {
        LogFormat::Text => layer.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_current_span(false).boxed(),
    };
    let provider = settings.otlp_endpoint.as_deref().map(trace_provider).transpose()?;
    let trace_layer =
        provider.as_ref().map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("newsgraph")));
    tracing_subscriber::registry().with(filter).with(log_layer).with(trace_layer).init();
    Ok(TelemetryGuard(provider))
}

/// Creates the provider of traces and enables the propagation of trace contexts (W3C Trace Context).
fn trace_provider(endpoint: &str) -> Result<SdkTracerProvider> {
    choose_cryptography();
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(url)
        .build()
        .map_err(|error| Error::BadInput(format!("--otlp-endpoint {endpoint}: {error}")))?;
    let resource = Resource::builder().with_service_name("newsgraph").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}
