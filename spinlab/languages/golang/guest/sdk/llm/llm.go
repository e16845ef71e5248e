// Package llm asks the models that Spin grants.
package llm

import (
	"errors"
	"runtime"
	"unsafe"

	"github.com/spinframework/spin-go-sdk/v3/internal/abi"
)

//go:wasmimport fermyon:spin/llm@2.0.0 infer
func infer(model unsafe.Pointer, modelLength uint32, prompt unsafe.Pointer, promptLength uint32, some uint32, maxTokens uint32, repeatPenalty float32, lastN uint32, temperature float32, topK uint32, topP float32, result unsafe.Pointer)

//go:wasmimport fermyon:spin/llm@2.0.0 generate-embeddings
func embed(model unsafe.Pointer, modelLength uint32, texts unsafe.Pointer, count uint32, result unsafe.Pointer)

// InferencingModel is the name of a model that goes on with a text.
type InferencingModel string

// Models that Spin knows by name.
const (
	Llama2Chat        InferencingModel = "llama2-chat"
	CodellamaInstruct InferencingModel = "codellama-instruct"
)

// EmbeddingModel is the name of a model that makes vectors of texts.
type EmbeddingModel string

// InferencingParams says how a model goes on.
type InferencingParams struct {
	MaxTokens                    uint32  `json:"max-tokens"`
	RepeatPenalty                float32 `json:"repeat-penalty"`
	RepeatPenaltyLastNTokenCount uint32  `json:"repeat-penalty-last-n-token-count"`
	Temperature                  float32 `json:"temperature"`
	TopK                         uint32  `json:"top-k"`
	TopP                         float32 `json:"top-p"`
}

// InferencingResult is what a model answers.
type InferencingResult struct {
	Text  string           `json:"text"`
	Usage InferencingUsage `json:"usage"`
}

// InferencingUsage says how many tokens there were.
type InferencingUsage struct {
	PromptTokenCount    uint32 `json:"prompt-token-count"`
	GeneratedTokenCount uint32 `json:"generated-token-count"`
}

// EmbeddingsResult is one vector for each text.
type EmbeddingsResult struct {
	Embeddings [][]float32
	Usage      *EmbeddingsUsage
}

// EmbeddingsUsage says how many tokens there were.
type EmbeddingsUsage struct {
	PromptTokenCount int
}

// Infer lets a model go on with a prompt; without params as it likes.
func Infer(model string, prompt string, params *InferencingParams) (InferencingResult, error) {
	name, nameLength := abi.String(model)
	text, textLength := abi.String(prompt)
	some, given := uint32(0), InferencingParams{}
	if params != nil {
		some, given = 1, *params
	}
	infer(name, nameLength, text, textLength, some, given.MaxTokens, given.RepeatPenalty,
		given.RepeatPenaltyLastNTokenCount, given.Temperature, given.TopK, given.TopP, abi.Area())
	defer abi.Done()
	if err := failure(); err != nil {
		return InferencingResult{}, err
	}
	return InferencingResult{abi.Text(4), InferencingUsage{abi.Uint32(12), abi.Uint32(16)}}, nil
}

// GenerateEmbeddings makes vectors of texts.
func GenerateEmbeddings(model EmbeddingModel, texts []string) (*EmbeddingsResult, error) {
	name, nameLength := abi.String(string(model))
	items, count := abi.Strings(texts)
	embed(name, nameLength, items, count, abi.Area())
	runtime.KeepAlive(texts)
	defer abi.Done()
	if err := failure(); err != nil {
		return &EmbeddingsResult{}, err
	}
	lists, many := abi.List(4)
	found := make([][]float32, many)
	for i := range found {
		at, length := abi.ListAt(unsafe.Add(lists, 8*i))
		found[i] = append([]float32{}, unsafe.Slice((*float32)(at), length)...)
	}
	return &EmbeddingsResult{found, &EmbeddingsUsage{int(abi.Uint32(12))}}, nil
}

func failure() error {
	if abi.Byte(0) == 0 {
		return nil
	}
	switch abi.Byte(4) {
	case 0:
		return errors.New("model not supported")
	case 1:
		return errors.New("runtime error " + abi.Text(8))
	default:
		return errors.New("invalid input " + abi.Text(8))
	}
}
