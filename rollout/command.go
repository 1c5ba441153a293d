package rollout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/process"
)

// CommandOptions are the choices in [NewCommand].
type CommandOptions struct {
	// Exec is the command. In its arguments, {candidate_dir}, {candidate} and
	// {example} stand for the paths of the files that it is given. It is
	// required.
	Exec Exec
	// Components are the texts to optimize. At least one is required.
	Components []gepa.Component
	// Score finds the score in the output. Defaults to the exit status alone:
	// 1 for success.
	Score Pattern
	// Scoring says how outputs become scores. It has a metric, or Score is
	// set, or the exit status decides.
	Scoring Scoring
	// TimeLimit is how long one run may take. Defaults to ten minutes; a
	// negative number means that there is no limit.
	TimeLimit time.Duration
}

// maxOutput is the most that a command may print on its standard output, in
// bytes.
const maxOutput = maxLine

// maxFeedback bounds the feedback that is made of a command's output, in bytes.
const maxFeedback = 16 << 10

// A Command is a system whose program is a command that is run for each
// rollout. It is safe for concurrent use. See [NewCommand].
type Command struct {
	opts   CommandOptions
	files  map[string]string
	finder *finder
	// render makes the files of a candidate. Its error is a failure of the
	// program.
	render func(gepa.Candidate) ([]textFile, error)
}

// NewCommand returns the system of a command that is run once a rollout, in a
// process group of its own and with nothing on its standard input.
//
// It finds what it needs in files, whose paths are in the environment:
// GEPA_CANDIDATE_DIR is a folder with a file for each component, named as the
// component where that can be a file's name; GEPA_CANDIDATE is the whole
// candidate as a JSON object; GEPA_EXAMPLE is the example as a JSON object with
// id, inputs and, without a metric, labels. GEPA_REPEAT is the repeat number.
// The files are gone when the command has ended.
//
// Where the last line of the output is a reply as workers write it, that is the
// result. Else the score is found in the output by the pattern, and the rest of
// the output is the feedback; or the metric scores the output, which is the
// fields of a JSON object, or all of it as the field "output"; or success is 1.
//
// An exit status other than 0, a signal such as a segmentation fault, an output
// without a score or of more than 16 MiB, and no end within the time limit are failures of the
// program, with the end of its error output as feedback. A command that is not
// there, files that cannot be written, and a command that others killed, are
// errors.
func NewCommand(opts CommandOptions) (*Command, error) {
	var errs []error
	if len(opts.Exec.Argv) == 0 || opts.Exec.Argv[0] == "" {
		errs = append(errs, errors.New("command: Exec names no program"))
	}
	if err := checkComponents(opts.Components); err != nil {
		errs = append(errs, fmt.Errorf("command: %w", err))
	}
	finder, err := opts.Score.compile()
	if err != nil {
		errs = append(errs, fmt.Errorf("command: %w", err))
	}
	if finder != nil && opts.Scoring.Metric != nil {
		errs = append(errs, errors.New("command: both a score pattern and a metric are given; give one"))
	}
	files, err := fileNames(opts.Components)
	if err != nil {
		errs = append(errs, fmt.Errorf("command: %w", err))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	setDefault(&opts.TimeLimit, defaultTimeLimit)
	opts.Components = slices.Clone(opts.Components)
	c := &Command{opts: opts, files: files, finder: finder}
	c.render = c.textFiles
	return c, nil
}

// textFiles gives each component a file.
func (c *Command) textFiles(candidate gepa.Candidate) ([]textFile, error) {
	var out []textFile
	for _, name := range candidate.Names() {
		out = append(out, textFile{c.files[name], []byte(candidate[name])})
	}
	return out, nil
}

// Components lists the command's texts.
func (c *Command) Components() []gepa.Component { return slices.Clone(c.opts.Components) }

// Run runs the command.
func (c *Command) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	return c.run(ctx, job, nil)
}

// run runs the command; more are the paths of placeholders beside the usual
// ones, by name.
func (c *Command) run(ctx context.Context, job gepa.Job, more func(workspace) []placeholder) (gepa.Rollout, error) {
	candidate, err := texts(c.opts.Components, job.Candidate)
	if err != nil {
		return gepa.Rollout{}, err
	}
	files, err := c.render(candidate)
	if err != nil {
		return c.opts.Scoring.failed(err.Error(), err.Error()), nil
	}
	space, err := newWorkspace(files, candidate, c.opts.Scoring.visible(job.Example))
	if err != nil {
		return gepa.Rollout{}, fmt.Errorf("write the command's files: %w", err)
	}
	defer space.remove()
	given := []placeholder{
		{"candidate_dir", "GEPA_CANDIDATE_DIR", space.dir},
		{"candidate", "GEPA_CANDIDATE", space.candidate},
		{"example", "GEPA_EXAMPLE", space.example},
		{"", "GEPA_REPEAT", fmt.Sprint(job.Repeat)},
	}
	if more != nil {
		given = append(given, more(space)...)
	}
	done, err := execute(ctx, c.opts.Exec, given, c.opts.TimeLimit)
	if err != nil {
		return gepa.Rollout{}, err
	}
	return c.result(ctx, job, done)
}

// A placeholder is something that a command is told, in its arguments and in
// its environment.
type placeholder struct {
	name     string // in arguments, between braces; "" where it is not
	variable string
	value    string
}

// A finished command.
type finished struct {
	end            process.End
	late           time.Duration // the limit that was over; 0 if it ended in time
	wordy          bool          // it printed more than is read
	stdout, stderr string
}

// execute runs a command to its end. The error is one of the world.
func execute(ctx context.Context, e Exec, given []placeholder, limit time.Duration) (finished, error) {
	var pairs, variables []string
	for _, g := range given {
		if g.name != "" {
			pairs = append(pairs, "{"+g.name+"}", g.value)
		}
		variables = append(variables, g.variable+"="+g.value)
	}
	replacer := strings.NewReplacer(pairs...)
	argv := make([]string, len(e.Argv))
	for i, arg := range e.Argv {
		argv[i] = replacer.Replace(arg)
	}
	if ctx.Err() != nil {
		return finished{}, context.Cause(ctx)
	}
	limited := ctx
	if limit > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	stdout, stderr := process.NewTail(maxOutput), process.NewTail(tailSize)
	proc, err := start(process.Options{
		Argv: argv, Dir: e.Dir, Env: e.environment(variables...),
		Stdout: func(r io.Reader) { _, _ = io.Copy(stdout, r) }, // they end with the process
		Stderr: func(r io.Reader) { _, _ = io.Copy(stderr, r) },
	})
	if err != nil {
		return finished{}, fmt.Errorf("run %q: %w", e.Argv, err)
	}
	stop := context.AfterFunc(limited, proc.Kill)
	<-proc.Done()
	inTime := stop()
	if ctx.Err() != nil {
		return finished{}, context.Cause(ctx)
	}
	done := finished{
		end: proc.End(), wordy: stdout.Total() > maxOutput,
		stdout: stdout.Since(0), stderr: stderr.Since(0),
	}
	if !inTime {
		done.late = limit
	} else if done.end.Outside {
		return finished{}, fmt.Errorf("run %q: somebody ended it: %v%s", e.Argv, done.end, quoted(lastLines(done.stderr)))
	}
	return done, nil
}

// failed returns the failure of a command that did not succeed.
func (f finished) failed() *failure {
	var problem string
	switch {
	case f.late > 0:
		problem = fmt.Sprintf("the command did not end within the time limit of %v", f.late)
	case f.end.Code != 0:
		problem = "the command failed: " + f.end.String()
	case f.wordy:
		problem = fmt.Sprintf("the command printed more than %d bytes", maxOutput)
	default:
		return nil
	}
	return &failure{problem, f.explain(problem)}
}

// explain appends what the command wrote to a problem: its errors, and if it
// wrote none, its output.
func (f finished) explain(problem string) string {
	if output := lastLines(f.stderr); output != "" {
		return problem + quoted(output)
	}
	return problem + quoted(lastLines(f.stdout))
}

// result makes a rollout of what the command did.
func (c *Command) result(ctx context.Context, job gepa.Job, done finished) (gepa.Rollout, error) {
	scoring := c.opts.Scoring
	if f := done.failed(); f != nil {
		return scoring.failed(f.problem, f.feedback), nil
	}
	_, last := cutLastLine(strings.TrimSpace(done.stdout))
	if kind, _, message := parseLine([]byte(last)); kind == typeReply {
		return scoring.rollout(ctx, job, message)
	}
	if scoring.Metric != nil {
		output, err := fieldsOf("output", []byte(done.stdout))
		if trimmed := strings.TrimSpace(done.stdout); err != nil || !strings.HasPrefix(trimmed, "{") {
			output = gepa.NewFields("output", trimmed)
		}
		return scoring.measured(ctx, job, gepa.Rollout{Output: output})
	}
	r := gepa.Rollout{Score: 1}
	rest := strings.TrimSpace(done.stdout)
	if c.finder != nil {
		var err error
		if r.Score, rest, err = c.finder.find(done.stdout); err != nil {
			return scoring.failed(err.Error(), done.explain(err.Error())), nil
		}
	}
	r.Feedback.Text = shorten(strings.ReplaceAll(rest, "\x00", "\uFFFD"), maxFeedback)
	return r, nil
}

// shorten cuts the middle out of a text that is too long.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	head, tail := s[:most/2], s[len(s)-most/2:]
	return strings.ToValidUTF8(head, "") + "\n[…]\n" + strings.ToValidUTF8(tail, "")
}
