//! Opens connections of tokio-postgres, which runs the reads, from the connection options of sqlx, which runs the writes.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sea_orm::sqlx::ConnectOptions;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::db::failure::ReadError;

/// Connects. The task ends when the client is dropped or the connection breaks.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<(Client, JoinHandle<()>), ReadError> {
    let url_options = UrlOptions::new(options);
    let mut config = Config::new();
    config.user(options.get_username()).port(options.get_port());
    match options.get_socket() {
        Some(folder) => config.host_path(folder),
        None => config.host(options.get_host()),
    };
    if let Some(password) = &url_options.password {
        config.password(password);
    }
    if let Some(database) = options.get_database() {
        config.dbname(database);
    }
    if let Some(name) = options.get_application_name() {
        config.application_name(name);
    }
    if let Some(settings) = options.get_options() {
        config.options(settings);
    }
    let mode = options.get_ssl_mode();
    config.ssl_mode(match mode {
        // sqlx does not encrypt with `allow` either.
        PgSslMode::Disable | PgSslMode::Allow => SslMode::Disable,
        PgSslMode::Prefer => SslMode::Prefer,
        PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull => SslMode::Require,
    });
    if config.get_ssl_mode() == SslMode::Disable || options.get_socket().is_some() {
        let (client, connection) = config.connect(NoTls).await?;
        return Ok((client, tokio::spawn(async move { log(connection.await) })));
    }
    let tls = url_options.tls(mode).await.map_err(|error| ReadError::connection(format!("TLS: {error}")))?;
    let (client, connection) = config.connect(MakeRustlsConnect::new(tls)).await?;
    Ok((client, tokio::spawn(async move { log(connection.await) })))
}

fn log(ended: Result<(), tokio_postgres::Error>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a read connection broke");
    }
}

type TlsError = Box<dyn std::error::Error + Send + Sync>;

/// The options of sqlx that can only be read from its URL form.
#[derive(Default)]
struct UrlOptions {
    password: Option<Vec<u8>>,
    root_certificate: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
}

impl UrlOptions {
    fn new(options: &PgConnectOptions) -> Self {
        let url = options.to_url_lossy();
        let value = |name| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        Self {
            password: url.password().map(|text| percent_encoding::percent_decode_str(text).collect()),
            root_certificate: value("sslrootcert"),
            certificate: value("sslcert"),
            key: value("sslkey"),
        }
    }

    /// Returns how the certificate of the server is verified, and the certificate of the client.
    async fn tls(&self, mode: PgSslMode) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let config = if matches!(mode, PgSslMode::VerifyFull) {
            config.with_root_certificates(self.roots().await?)
        } else {
            let authority = match mode {
                PgSslMode::VerifyCa => {
                    let (roots, provider) = (Arc::new(self.roots().await?), Arc::clone(&provider));
                    Some(WebPkiServerVerifier::builder_with_provider(roots, provider).build()?)
                }
                _ => None,
            };
            config.dangerous().with_custom_certificate_verifier(Arc::new(LenientVerifier { authority, provider }))
        };
        Ok(match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                let chain = CertificateDer::pem_slice_iter(&pem(certificate).await?).collect::<Result<_, _>>()?;
                config.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(&pem(key).await?)?)?
            }
            (None, None) => config.with_no_client_auth(),
            _ => return Err("`sslcert` and `sslkey` must be given together".into()),
        })
    }

    /// The certificates that a server's certificate may be signed with: those of Mozilla, and the given one.
    async fn roots(&self) -> Result<RootCertStore, TlsError> {
        let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(certificate) = &self.root_certificate {
            for certificate in CertificateDer::pem_slice_iter(&pem(certificate).await?) {
                roots.add(certificate?)?;
            }
        }
        Ok(roots)
    }
}

/// Reads a certificate or key. In its URL form, sqlx puts a prefix before the name of a file; other texts are PEM.
async fn pem(given: &str) -> Result<Vec<u8>, TlsError> {
    let Some(path) = given.strip_prefix("file: ").map(PathBuf::from) else { return Ok(given.as_bytes().to_vec()) };
    tokio::fs::read(&path).await.map_err(|error| format!("cannot read {}: {error}", path.display()).into())
}

/// Verifies less than the whole certificate of a server, as most modes of PostgreSQL do.
#[derive(Debug)]
struct LenientVerifier {
    /// Verifies that a known authority has signed the certificate (`verify-ca`). `None` accepts any certificate (`require`): the
    /// connection is encrypted, but the server is not identified.
    authority: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for LenientVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(authority) = &self.authority else { return Ok(ServerCertVerified::assertion()) };
        match authority.verify_server_cert(certificate, intermediates, name, ocsp_response, now) {
            // The certificate is valid, for another host name.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::str::FromStr;
    use std::sync::Arc;

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use sea_orm::sqlx::postgres::PgConnectOptions;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    /// A certificate authority.
    fn authority() -> CertifiedIssuer<'static, KeyPair> {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
    }

    /// Connects to a server with a certificate for `localhost`. Returns whether the client accepts the certificate.
    async fn accepts(authority: &CertifiedIssuer<'static, KeyPair>, host: &str, options: &str) -> bool {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = parameters.signed_by(&key, authority).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            // The client asks whether the server encrypts.
            stream.read_exact(&mut [0; 8]).await.unwrap();
            stream.write_all(b"S").await.unwrap();
            let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else { return false };
            // A client that accepts the certificate sends its name.
            stream.read(&mut [0; 1]).await.is_ok_and(|length| length == 1)
        });
        let options = PgConnectOptions::from_str(&format!("postgres://user@{host}:{port}/name?{options}")).unwrap();
        assert!(super::connect(&options).await.is_err(), "the server is not PostgreSQL");
        server.await.unwrap()
    }

    #[tokio::test]
    async fn certificates_are_verified_as_the_mode_says() {
        let (known, unknown) = (authority(), authority());
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(known.pem().as_bytes()).unwrap();
        let root = file.path().display();
        for (mode, any_authority, any_name) in
            [("prefer", true, true), ("require", true, true), ("verify-ca", false, true), ("verify-full", false, false)]
        {
            let options = format!("sslmode={mode}&sslrootcert={root}");
            assert!(accepts(&known, "localhost", &options).await, "{mode}");
            assert_eq!(accepts(&known, "127.0.0.1", &options).await, any_name, "{mode}, another name");
            assert_eq!(accepts(&unknown, "localhost", &options).await, any_authority, "{mode}, another authority");
            let without = format!("sslmode={mode}");
            assert_eq!(accepts(&known, "localhost", &without).await, any_authority, "{mode}, no authority");
        }
    }
}
