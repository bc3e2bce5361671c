import { type Address, decodeFunctionData, type Hash, type PublicClient } from 'viem'

import { decodeMedianOnchainConfig, decodeMedianReport, digestEVMSimple, type MedianReport, ocr2AggregatorAbi } from '../../gen/typescript/ocr2/index.js'

/** The report that a transaction brought to a feed. */
export async function reportOf(client: PublicClient, hash: Hash): Promise<MedianReport> {
  const { input } = await client.getTransaction({ hash })
  const { functionName, args } = decodeFunctionData({ abi: ocr2AggregatorAbi, data: input })
  if (functionName !== 'transmit') throw new Error(`${hash} calls ${functionName}`)
  const [, report] = args
  return decodeMedianReport(report) // or a DecodeError that says which field, at which byte, and why
}

/** The bounds of a feed's answers, from a configuration whose digest is what it must be. */
export async function boundsOf(client: PublicClient, feed: Address): Promise<{ lowest: bigint; highest: bigint }> {
  const contract = { address: feed, abi: ocr2AggregatorAbi } as const
  const [, blockNumber, configDigest] = await client.readContract({ ...contract, functionName: 'latestConfigDetails' })
  const block = BigInt(blockNumber)
  const events = await client.getContractEvents({ ...contract, eventName: 'ConfigSet', fromBlock: block, toBlock: block, strict: true })
  const config = events.at(-1)?.args
  if (config === undefined) throw new Error(`there is no ConfigSet in block ${block}`)
  const chainId = BigInt(await client.getChainId())
  const digest = digestEVMSimple({ ...config, chainId, contractAddress: feed })
  if (digest !== configDigest) throw new Error(`the configuration has the digest ${digest}, the contract says ${configDigest}`)
  const { minAnswer, maxAnswer } = decodeMedianOnchainConfig(config.onchainConfig)
  return { lowest: minAnswer, highest: maxAnswer }
}
