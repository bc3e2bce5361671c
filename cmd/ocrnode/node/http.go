package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
	"github.com/ocrkit/ocrkit/offchain/runtime"
)

// Limits of the HTTP server. Whoever reaches it is trusted with reading, not with memory.
const (
	httpTimeout    = 10 * time.Second
	httpCloseAfter = 5 * time.Second
	maxHeaderBytes = 16 << 10
)

type server struct {
	http     *http.Server
	listener net.Listener
	serving  sync.WaitGroup
}

func serve(listener net.Listener, handler http.Handler) *server {
	s := &server{listener: listener, http: &http.Server{
		Handler: handler, ReadTimeout: httpTimeout, WriteTimeout: httpTimeout, IdleTimeout: httpTimeout, MaxHeaderBytes: maxHeaderBytes,
	}}
	s.serving.Go(func() { _ = s.http.Serve(listener) })
	return s
}

func (s *server) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), httpCloseAfter)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	s.serving.Wait()
	return err
}

// handler serves the node's pages.
func (n *Node) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		status := n.Status()
		code := http.StatusOK
		if !status.Ready {
			code = http.StatusServiceUnavailable
		}
		writeJSON(w, code, map[string]any{"ready": status.Ready, "reasons": status.Reasons})
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, n.Status()) })
	return mux
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n'))
}

// Status is what a node is doing, as the page /status shows it.
type Status struct {
	Name    string    `json:"name,omitempty"`
	PeerID  string    `json:"peerID"`
	Started time.Time `json:"started"`
	// Ready tells whether every job runs under a config and the chain answers; Reasons say why not.
	Ready   bool     `json:"ready"`
	Reasons []string `json:"reasons,omitempty"`
	// ChainProblem is empty while the chain answers.
	ChainProblem string      `json:"chainProblem,omitempty"`
	Jobs         []JobStatus `json:"jobs"`
}

// JobStatus is what one job of a node is doing.
type JobStatus struct {
	Name string `json:"name"`
	oracle.Kind
	Contract string         `json:"contract"`
	Status   runtime.Status `json:"status"`
}

// Status returns what the node is doing.
func (n *Node) Status() Status {
	n.mu.Lock()
	problem := n.chainProblem
	n.mu.Unlock()
	s := Status{Name: n.config.Name, PeerID: n.PeerID(), Started: n.started, ChainProblem: problem}
	if problem != "" {
		s.Reasons = append(s.Reasons, "chain: "+problem)
	}
	for _, j := range n.jobs {
		status := j.service.Status()
		s.Jobs = append(s.Jobs, JobStatus{j.Name, j.Kind, j.contract.Hex(), status})
		if status.Phase != runtime.PhaseRunning {
			reason := fmt.Sprintf("job %s: %s", j.Name, status.Phase)
			if status.Reason != "" {
				reason += ": " + status.Reason
			}
			s.Reasons = append(s.Reasons, reason)
		}
	}
	s.Ready = len(s.Reasons) == 0
	return s
}
