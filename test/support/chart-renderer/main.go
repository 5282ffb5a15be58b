// Renders a chart of Helm where there is no helm: with Go's own text/template and the libraries that Helm is built on.
//
// Usage: chart-renderer CHART RELEASE NAMESPACE VALUES.json
//
// It knows what this repository's chart uses: values, release, chart, include, required, toYaml and sprig's functions.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type chart struct {
	Name, Version, AppVersion, Type, Description, KubeVersion string
}

type values = map[string]interface{}

func main() {
	if err := render(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func render(folder, release, namespace, given string) error {
	var about chart
	defaults, overrides := values{}, values{}
	for file, into := range map[string]interface{}{"Chart.yaml": &about, "values.yaml": &defaults} {
		if err := read(filepath.Join(folder, file), into); err != nil {
			return err
		}
	}
	if err := read(given, &overrides); err != nil {
		return err
	}
	data := values{
		"Values":  merge(defaults, overrides),
		"Chart":   about,
		"Release": values{"Name": release, "Namespace": namespace, "Service": "Helm", "IsInstall": true, "Revision": 1},
	}
	return printAll(folder, data)
}

func read(file string, into interface{}) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return yaml.Unmarshal(text, into)
}

// As Helm does: maps are merged, everything else is replaced.
func merge(below, above values) values {
	for name, value := range above {
		inner, isMap := value.(values)
		known, wasMap := below[name].(values)
		if isMap && wasMap {
			value = merge(known, inner)
		}
		below[name] = value
	}
	return below
}

func printAll(folder string, data values) error {
	files, err := filepath.Glob(filepath.Join(folder, "templates", "*"))
	if err != nil {
		return err
	}
	sort.Strings(files)
	all := template.New("chart").Option("missingkey=zero")
	all.Funcs(functions(all))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if _, err := all.New(filepath.Base(file)).Parse(string(text)); err != nil {
			return err
		}
	}
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasPrefix(name, "_") {
			continue
		}
		text, err := execute(all, name, data)
		if err != nil {
			return err
		}
		if name == "NOTES.txt" || strings.TrimSpace(text) == "" {
			continue
		}
		fmt.Printf("---\n# Source: %s\n%s\n", name, text)
	}
	return nil
}

func execute(all *template.Template, name string, data interface{}) (string, error) {
	var text strings.Builder
	err := all.ExecuteTemplate(&text, name, data)
	return strings.ReplaceAll(text.String(), "<no value>", ""), err
}

func functions(all *template.Template) template.FuncMap {
	known := sprig.TxtFuncMap()
	// As in Helm: templates do not read the environment.
	delete(known, "env")
	delete(known, "expandenv")
	known["include"] = func(name string, data interface{}) (string, error) { return execute(all, name, data) }
	known["required"] = func(warning string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, errors.New(warning)
		}
		return value, nil
	}
	known["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	known["toJson"] = func(value interface{}) (string, error) {
		text, err := json.Marshal(value)
		return string(text), err
	}
	return known
}
