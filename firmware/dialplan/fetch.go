package dialplan

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Answer is what a server says.
type Answer struct {
	Same     bool // as at the last time; else:
	Document []byte
	Tag      string        // its entity tag (RFC 9110 §8.8.3)
	After    time.Duration // the server wants to be left alone for so long; also with an error
}

// Fetch asks a server for a document, unless it is still that of tag.
type Fetch func(ctx context.Context, url, tag string) (Answer, error)

// HTTPS fetches from servers that one of roots vouches for; they are read anew each time.
func HTTPS(agent string, roots func() (*x509.CertPool, error)) Fetch {
	return func(ctx context.Context, url, tag string) (Answer, error) {
		pool, err := roots()
		if err != nil {
			return Answer{}, err
		}
		way := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true, ForceAttemptHTTP2: true}
		client := http.Client{Transport: way, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return Answer{}, err
		}
		req.Header.Set("User-Agent", agent)
		req.Header.Set("Accept", "application/json, application/xml, text/xml")
		if tag != "" {
			req.Header.Set("If-None-Match", tag)
		}
		res, err := client.Do(req)
		if err != nil {
			return Answer{}, err
		}
		defer res.Body.Close()
		return read(res)
	}
}

const maxTag = 256 // bytes of an entity tag; a longer one is not kept

func read(res *http.Response) (Answer, error) {
	a := Answer{Tag: res.Header.Get("ETag"), After: retryAfter(res.Header.Get("Retry-After"))}
	if len(a.Tag) > maxTag {
		a.Tag = ""
	}
	switch res.StatusCode {
	case http.StatusNotModified:
		a.Same = true
		return a, nil
	case http.StatusOK:
	default:
		return a, fmt.Errorf("the server says %d %s", res.StatusCode, http.StatusText(res.StatusCode))
	}
	var err error
	if a.Document, err = io.ReadAll(io.LimitReader(res.Body, maxDocument+1)); err != nil {
		return a, fmt.Errorf("the document broke off: %w", err)
	}
	return a, nil
}

// retryAfter reads the header, in seconds or as a date (RFC 9110 §10.2.3); 0 for one that says nothing.
func retryAfter(s string) time.Duration {
	if n, err := strconv.Atoi(s); err == nil {
		return time.Duration(min(max(n, 0), int(longestWait/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(s); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
