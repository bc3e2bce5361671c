// The example of docs/typescript.md, at work on a made-up node.

import { readFileSync } from 'node:fs'

import {
  type Address, createPublicClient, custom, encodeAbiParameters, encodeEventTopics, encodeFunctionData, encodeFunctionResult,
  type Hex, padHex, parseAbiParameters, zeroHash,
} from 'viem'
import { expect, test } from 'vitest'

import * as ocr2 from '../../gen/typescript/ocr2/index.js'
import { boundsOf, reportOf } from './example.js'

const feed: Address = '0x52908400098527886E0F7030069857D2E4169EE7'

/** A client of a node that knows the answers to a few requests. */
function clientOf(answers: Record<string, unknown>) {
  return createPublicClient({
    transport: custom({
      async request({ method }: { method: string }) {
        if (method in answers) return answers[method]
        throw new Error(`the node does not know ${method}`)
      },
    }),
  })
}

test('reportOf', async () => {
  const report: ocr2.MedianReport = {
    observationsTimestamp: 1_700_000_000, rawObservers: padHex('0x0001', { dir: 'right' }), observations: [-5n, 7n], juelsPerFeeCoin: 3n,
  }
  const transaction = (input: Hex) => ({ eth_getTransactionByHash: { hash: zeroHash, input, value: '0x0', gas: '0x0', type: '0x0' } })
  const transmit = (bytes: Hex) =>
    encodeFunctionData({
      abi: ocr2.ocr2AggregatorAbi, functionName: 'transmit', args: [[zeroHash, zeroHash, zeroHash], bytes, [], [], zeroHash],
    })
  const encoded = ocr2.encodeMedianReport(report)
  expect(await reportOf(clientOf(transaction(transmit(encoded))), zeroHash)).toEqual(report)
  await expect(reportOf(clientOf(transaction(transmit(`${encoded}00`))), zeroHash)).rejects.toThrow(
    'decode MedianReport: at byte 224: 1 bytes too many',
  )
  const other = encodeFunctionData({ abi: ocr2.ocr2AggregatorAbi, functionName: 'requestNewRound' })
  await expect(reportOf(clientOf(transaction(other)), zeroHash)).rejects.toThrow('calls requestNewRound')
})

test('boundsOf', async () => {
  const config = {
    configCount: 2n, signers: [feed], transmitters: [feed], f: 1, offchainConfigVersion: 2n, offchainConfig: '0x0102',
    onchainConfig: ocr2.encodeMedianOnchainConfig({ minAnswer: -1n, maxAnswer: 100n }),
  } as const
  const digest = ocr2.digestEVMSimple({ ...config, chainId: 1337n, contractAddress: feed })
  const node = (configDigest: Hex) =>
    clientOf({
      eth_chainId: '0x539',
      eth_call: encodeFunctionResult({
        abi: ocr2.ocr2AggregatorAbi, functionName: 'latestConfigDetails', result: [2, 77, configDigest],
      }),
      eth_getLogs: [{
        address: feed, blockNumber: '0x4d', blockHash: zeroHash, transactionHash: zeroHash, transactionIndex: '0x0', logIndex: '0x0',
        removed: false, topics: encodeEventTopics({ abi: ocr2.ocr2AggregatorAbi, eventName: 'ConfigSet' }),
        data: encodeAbiParameters(
          parseAbiParameters('uint32, bytes32, uint64, address[], address[], uint8, bytes, uint64, bytes'),
          [1, configDigest, config.configCount, config.signers, config.transmitters, config.f, config.onchainConfig,
            config.offchainConfigVersion, config.offchainConfig],
        ),
      }],
    })
  expect(await boundsOf(node(digest), feed)).toEqual({ lowest: -1n, highest: 100n })
  await expect(boundsOf(node(zeroHash), feed)).rejects.toThrow(`the configuration has the digest ${digest}`)
})

test('docs/typescript.md has this example', () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
  const example = read('example.ts').replace('../../gen/typescript/ocr2/index.js', './ocr2/index.js')
  expect(read('../../docs/typescript.md')).toContain('```ts\n' + example + '```\n')
})
