package codegen

import (
	"fmt"
	"path"
	"slices"

	"github.com/ocrkit/ocrkit/codegen/artifact"
	"github.com/ocrkit/ocrkit/codegen/model"
	"github.com/ocrkit/ocrkit/codegen/typescript"
)

// TypeScript asks for the codecs of a package in TypeScript as well.
type TypeScript struct {
	Path string   `yaml:"path"` // folder, relative to the file
	ABIs []string `yaml:"abis"` // contracts whose ABI goes into it beside those of the package
}

// typeScript makes the files of a package's TypeScript, if it has one.
func (p Package) typeScript(project *artifact.Project, m *model.Package) ([]File, error) {
	if p.TypeScript == nil {
		return nil, nil
	}
	in := typescript.Input{Version: Version, Model: m}
	for _, list := range [][]string{p.Contracts, p.TypeScript.ABIs} {
		for _, name := range list {
			a, err := project.Contract(name)
			if err != nil {
				return nil, err
			}
			if !slices.ContainsFunc(in.ABIs, func(x typescript.ABI) bool { return x.Contract == a.Contract }) {
				in.ABIs = append(in.ABIs, typescript.ABI{Contract: a.Contract, ABI: a.ABI})
			}
		}
	}
	var err error
	if in.Inputs, err = hash(in); err != nil {
		return nil, err
	}
	made, err := typescript.Render(in)
	if err != nil {
		return nil, fmt.Errorf("package %s: %w", p.TypeScript.Path, err)
	}
	var files []File
	for _, f := range made {
		files = append(files, File{path.Join(p.TypeScript.Path, f.Name), f.Text})
	}
	return files, nil
}

// folder is where generated files are, and how their names end.
type folder struct{ path, extension string }

// folders are those that files of the package may be in.
func (p Package) folders() []folder {
	all := []folder{{p.Path, ".go"}}
	if p.TypeScript != nil {
		all = append(all, folder{p.TypeScript.Path, ".ts"})
	}
	return all
}
