// SPDX-License-Identifier: Apache-2.0

package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// lanDays is how long a certificate of our own stands: phones refuse longer
// ones than 825 days.
const lanDays = 800

// lanCertificate returns a certificate for the addresses of this machine on
// private networks, making it anew when it is missing, old, or the addresses
// have changed. It is nobody's: a phone asks once whether to trust it.
func lanCertificate(dir string, at time.Time) (tls.Certificate, error) {
	certFile, keyFile := filepath.Join(dir, "keys", "lan.crt"), filepath.Join(dir, "keys", "lan.key")
	addresses := privateAddresses()
	if pair, err := tls.LoadX509KeyPair(certFile, keyFile); err == nil && covers(pair, addresses, at) {
		return pair, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Mach (local network)"},
		NotBefore: at.Add(-time.Hour), NotAfter: at.AddDate(0, 0, lanDays),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: append(addresses, net.IPv4(127, 0, 0, 1), net.IPv6loopback),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return tls.Certificate{}, err
	}
	if err := errors.Join(
		os.MkdirAll(filepath.Join(dir, "keys"), 0o700),
		os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600),
	); err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate for the local network: %w", err)
	}
	return tls.LoadX509KeyPair(certFile, keyFile)
}

func covers(pair tls.Certificate, addresses []net.IP, at time.Time) bool {
	cert, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil || at.AddDate(0, 0, 7).After(cert.NotAfter) {
		return false
	}
	for _, ip := range addresses {
		if cert.VerifyHostname(ip.String()) != nil {
			return false
		}
	}
	return true
}

// privateAddresses are the IPv4 addresses of this machine on private networks.
func privateAddresses() []net.IP {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []net.IP
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsPrivate() {
			out = append(out, n.IP.To4())
		}
	}
	return out
}
