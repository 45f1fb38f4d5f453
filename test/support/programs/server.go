// A web server as Go programs are: net/http, goroutines, JSON.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

func main() {
	http.HandleFunc("/sum", func(w http.ResponseWriter, r *http.Request) {
		var numbers []int
		if err := json.NewDecoder(r.Body).Decode(&numbers); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var wait sync.WaitGroup
		parts := make(chan int, len(numbers))
		for _, number := range numbers {
			wait.Add(1)
			go func() { defer wait.Done(); parts <- number }()
		}
		wait.Wait()
		close(parts)
		sum := 0
		for part := range parts {
			sum += part
		}
		fmt.Fprintf(w, "%d\n", sum)
	})
	http.HandleFunc("/environment", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, os.Getenv("GREETING"))
	})
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() { <-stop; fmt.Println("stopping"); os.Exit(5) }()
	fmt.Println("listening on", os.Args[1])
	if err := http.ListenAndServe(os.Args[1], nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
