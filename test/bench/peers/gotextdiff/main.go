// A worker around gotextdiff: two strings in memory to a unified diff, whose
// context is always 3 lines. The requests are those of worker.h.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/hexops/gotextdiff"
	"github.com/hexops/gotextdiff/myers"
	"github.com/hexops/gotextdiff/span"
)

func diff(before, after string) string {
	edits := myers.ComputeEdits(span.URIFromPath("before"), before, after)
	return fmt.Sprint(gotextdiff.ToUnified("before", "after", before, edits))
}

// now is the processor time of the process in nanoseconds; the driver gives
// it one processor, so that the collector's work is part of a call's.
func now() int64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func read(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func main() {
	var pairs [][2]string
	for _, line := range strings.Split(strings.TrimSpace(read(os.Args[1])), "\n") {
		paths := strings.SplitN(line, "\t", 2)
		pairs = append(pairs, [2]string{read(paths[0]), read(paths[1])})
	}
	fmt.Printf("ready %d\n", len(pairs))
	requests := bufio.NewScanner(os.Stdin)
	for requests.Scan() {
		var pair, calls, warmup int
		var algorithm, path string
		request := requests.Text()
		if n, _ := fmt.Sscanf(request, "run %d %d %d %s", &pair, &calls, &warmup, &algorithm); n == 4 {
			for i := 0; i < warmup; i++ {
				diff(pairs[pair][0], pairs[pair][1])
			}
			size := 0
			start := now()
			for i := 0; i < calls; i++ {
				size = len(diff(pairs[pair][0], pairs[pair][1]))
			}
			fmt.Printf("ok %.1f %d -1\n", float64(now()-start)/float64(calls), size)
		} else if n, _ := fmt.Sscanf(request, "dump %d %s %s", &pair, &algorithm, &path); n == 3 {
			text := diff(pairs[pair][0], pairs[pair][1])
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				panic(err)
			}
			fmt.Printf("ok %d -1\n", len(text))
		} else {
			fmt.Println("error bad request")
		}
	}
}
