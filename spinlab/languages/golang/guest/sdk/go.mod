module github.com/spinframework/spin-go-sdk/v3

go 1.25
