//! What the program tells about itself while it runs: logs, and traces for OpenTelemetry.

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

/// Sends what is left when it is dropped.
pub struct Running(Option<SdkTracerProvider>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(provider) = &self.0 {
            // A collector that is gone keeps nobody from stopping.
            let _ = provider.shutdown_with_timeout(Duration::from_secs(3));
        }
    }
}

/// Begins to log, and to send traces where the settings say so.
pub fn start(settings: &Telemetry) -> Result<Running> {
    let filter = EnvFilter::try_new(&settings.log)
        .map_err(|error| Error::BadInput(format!("--log {}: {error}", settings.log)))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match settings.log_format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    let provider = settings.otlp_endpoint.as_deref().map(provider).transpose()?;
    let traces =
        provider.as_ref().map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("newsgraph")));
    tracing_subscriber::registry().with(filter).with(lines).with(traces).init();
    Ok(Running(provider))
}

fn provider(endpoint: &str) -> Result<SdkTracerProvider> {
    choose_cryptography();
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let address = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(address)
        .build()
        .map_err(|error| Error::BadInput(format!("--otlp-endpoint {endpoint}: {error}")))?;
    let resource = Resource::builder().with_service_name("newsgraph").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}
